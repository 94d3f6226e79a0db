package redistore

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/redis/rueidis"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// FuzzRecords reads what somebody may have put into Redis: each reader refuses it, or has a record that
// is the one that was asked for, and reads the same again once it is written.
func FuzzRecords(f *testing.F) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, record := range []any{
		&oauth.Client{ID: "app", Name: "App", GrantTypes: []oauth.GrantType{oauth.GrantRefreshToken}, SecretHash: []byte{1}, CreatedAt: at, Version: 3},
		&oauth.User{Subject: "usr_1", Username: "alice", PasswordHash: "$argon2id$", Generation: "g", CreatedAt: at},
		&oauth.Grant{ID: "app", ClientID: "app", Subject: "usr_1", Scope: oauth.Scope{"openid"}, AuthTime: at, CreatedAt: at},
		&store.Session{ID: "s", Subject: "usr_1", ExpiresAt: at}, &store.Interaction{ClientID: "app", ExpiresAt: at},
		[]store.SigningKey{{KID: "k", Alg: oauth.EdDSA, Sealed: []byte{1}, ActiveAt: at}}, map[string]clientOrigins{"app": {Created: 1, Version: 2, Origins: []string{"https://app.example"}}},
		&store.Event{Type: "login", Node: "n", Seq: 1, Time: at, Subject: "usr_1"},
	} {
		data, err := encode("seed", record)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("app", "1 "+data, data, "1764000000000", "1764000000001")
	}
	for _, odd := range []string{"", "null", "{}", "[]", `{"client_id":"app","client_id":"b"}`, `{"Client_ID":"app"}`, "{\"client_id\":\"\xff\"}", `{"client_id":"app"} x`, `{"version":1e999}`, `{"created_at":"0000-00-00T00:00:00Z"}`} { // row 49
		f.Add("app", "1 "+odd, odd, "-1", "9223372036854775808")
	}
	f.Fuzz(func(t *testing.T, id, versionedText, text, moment, other string) {
		if c, err := parseClient(versionedText, id); err == nil {
			if c.ID != id {
				t.Errorf("client %q for %q", c.ID, id)
			}
			again(t, versionedText, c)
		}
		if u, err := parseUserOf(versionedText, id); err == nil {
			if u.Subject != id {
				t.Errorf("user %q for %q", u.Subject, id)
			}
			again(t, versionedText, u)
		}
		if fam, err := parseFamily("fuzz", oauth.GrantID(id), text, moment, other, moment); err == nil {
			if string(fam.Grant.ID) != id || fam.ExpiresAt.UnixMilli() != fam.RotatedAt.UnixMilli() {
				t.Errorf("family %+v for %q", fam, id)
			}
			if _, expires, err := (store.Page{Cursor: store.MakeCursor(fam.Place())}).FamilyPlace(); err != nil && expires >= 0 && fam.ExpiresAt.UnixMilli() >= 0 {
				t.Errorf("the place of %+v is none: %v", fam, err)
			}
			again(t, text, &fam.Grant)
		}
		if c, err := parseCode("fuzz", oauth.GrantID(id), []string{text, other, other, other, moment, moment}); err == nil && string(c.Grant.ID) != id {
			t.Errorf("code %+v for %q", c, id)
		}
		if e, ok := parseEvent(rueidis.XRangeEntry{ID: "1-1", FieldValues: map[string]string{eventField: text}}); ok {
			if strings.ContainsFunc(string(e.Type)+e.Node+e.ClientID+e.Subject+e.Detail+e.RequestID, func(r rune) bool { return r < ' ' || r > '~' }) || e.ID != "1-1" {
				t.Errorf("event %+v", e)
			}
			again(t, text, &e)
		}
		_, _ = parseEarlierOrigins("fuzz", text)
		decoded[store.Session](t, text)
		decoded[store.Interaction](t, text)
		decoded[[]store.SigningKey](t, text)
		decoded[map[string]clientOrigins](t, text)
		decoded[clientOrigins](t, text)
	})
}

func decoded[T any](t *testing.T, text string) {
	t.Helper()
	var record T
	if decode("fuzz", text, &record) == nil {
		again(t, text, &record)
	}
}

// again writes a record, reads that, and wants to write the same.
func again[T any](t *testing.T, text string, record *T) {
	t.Helper()
	if _, data, found := strings.Cut(text, " "); !json.Valid([]byte(text)) && !(found && json.Valid([]byte(data))) || !utf8.ValidString(text) {
		t.Errorf("%q was read as %+v", text, *record)
	}
	written, err := encode("fuzz", record)
	if err != nil {
		t.Fatalf("%+v cannot be written: %v", *record, err)
	}
	var read T
	if err := decode("fuzz", written, &read); err != nil {
		t.Fatalf("%s cannot be read: %v", written, err)
	}
	if rewritten, err := encode("fuzz", &read); err != nil || rewritten != written {
		t.Errorf("%s becomes %s, %v", written, rewritten, err)
	}
}
