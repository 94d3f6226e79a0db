package redistore_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/redisx/redistest"
)

// canary is in every id and value that comes from outside.
const canary = "RAW{id}"

// fill stores one of everything.
func fill(t *testing.T, s store.Store) oauth.Grant {
	t.Helper()
	ctx, now, until := t.Context(), time.Now(), time.Now().Add(time.Minute)
	g := oauth.Grant{ID: canary, ClientID: canary, Subject: canary, SessionID: canary, Scope: oauth.Scope{"openid"}}
	var h store.Hash
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(s.CreateClient(ctx, &oauth.Client{ID: canary, AllowedOrigins: []string{"https://app.example"}}))
	ok(s.CreateUser(ctx, &oauth.User{Subject: canary, Username: canary}))
	ok(s.AddConsent(ctx, &store.Consent{Subject: canary, ClientID: canary, Scope: g.Scope, GrantedAt: now}, time.Time{}))
	ok(s.SaveKeySet(ctx, &store.KeySet{Epoch: "e", Version: 1}))
	ok(s.PutSession(ctx, h, &store.Session{ID: canary, Subject: canary, ExpiresAt: until}))
	ok(s.PutInteraction(ctx, h, &store.Interaction{ClientID: canary, ExpiresAt: until}))
	_, err := s.FinishInteraction(ctx, h, []byte("outcome"))
	ok(err)
	ok(s.PutCode(ctx, h, &store.Code{Grant: g, Refreshable: true, ExpiresAt: until, Until: until}))
	_, err = s.TakeCode(ctx, &store.TakeCode{Grant: g.ID, Code: h, ClientID: canary, Challenge: "wrong", Now: now, MaxMisses: 2})
	if err != store.ErrMismatch {
		t.Fatal(err)
	}
	_, err = s.TakeCode(ctx, &store.TakeCode{Grant: g.ID, Code: h, ClientID: canary, Now: now, Refresh: store.Hash{1}})
	ok(err)
	_, _, err = s.Rotate(ctx, &store.Rotation{Grant: g.ID, Presented: store.Hash{1}, ClientID: canary, Successor: store.Hash{2}, Now: now})
	ok(err)
	ok(s.RevokeToken(ctx, canary, until))
	ok(s.RevokeSession(ctx, canary, until))
	ok(s.RevokeClient(ctx, canary, now, until))
	ok(s.RevokeSubject(ctx, canary, now, until))
	_, err = s.TakeLease(ctx, canary, canary, time.Minute)
	ok(err)
	ok(s.AppendEvents(ctx, []store.Event{{Type: "login", Node: canary, Seq: 1, Subject: canary}}))
	return g
}

// lasting are the keys without a TTL: what people registered, and the signing keys.
var lasting = regexp.MustCompile(`^p:(clients|origins:(clients|word):\{p:origins\}|users|keys|(client|user|username|consent):[\w-]{22})$`)

// shape is what every key looks like: words, then hashes; a tag only where ours is.
var shape = regexp.MustCompile(`^p(:[a-z]+)+(:[\w-]{22}|:[\w-]{43}|:\{([\w-]{22}|p:events|p:origins)\}(:[\w-]{22})?)?$`)

func TestKeys_ExpireOrAreConfiguration(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.Addr, "p")
	g := fill(t, s)
	check := func(t *testing.T) {
		names := redis(t, server, "KEYS", "*")
		keys, err := names.AsStrSlice()
		if err != nil || len(keys) < 14 {
			t.Fatalf("keys %q, %v", keys, err)
		}
		for _, key := range keys {
			left := redis(t, server, "PTTL", key)
			ttl, err := left.AsInt64()
			if err != nil {
				t.Fatal(err)
			}
			if (ttl < 0) != lasting.MatchString(key) {
				t.Errorf("%s lives %d ms", key, ttl)
			}
			if !shape.MatchString(key) {
				t.Errorf("rows 383 and 384: %q shows an id from outside", key)
			}
		}
	}
	t.Run("row 388: after one of everything", check)
	if err := s.RevokeGrant(t.Context(), g.ID, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	t.Run("row 388: after the end of a grant", check)
}

func TestKeys_AreGoneWithWhatIsDeleted(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.Addr, "p")
	ctx := t.Context()
	fill(t, s)
	for _, err := range []error{
		s.DeleteClient(ctx, canary), s.DeleteUser(ctx, canary), s.DeleteConsent(ctx, canary, canary),
		s.DeleteSession(ctx, store.Hash{}), s.ReleaseLease(ctx, canary, canary),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	names := redis(t, server, "KEYS", "*")
	keys, err := names.AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if lasting.MatchString(key) && key != "p:keys" || strings.HasPrefix(key, "p:session:") || strings.HasPrefix(key, "p:lease:") {
			t.Errorf("%s is still there", key)
		}
	}
}

func TestUsername_ClaimThatStoppedExpires(t *testing.T) {
	server, prefix := redistest.Shared(t)
	s := open(t, server.Addr, prefix)
	ctx := t.Context()
	if err := s.CreateUser(ctx, &oauth.User{Subject: "usr_1", Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	names := redis(t, server, "KEYS", prefix+":username:*")
	keys, err := names.AsStrSlice()
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %q, %v", keys, err)
	}
	// What a creation leaves that stopped before its record was stored.
	redis(t, server, "SET", keys[0], "usr_9", "PX", "60000")
	if _, err := s.FindUser(ctx, "alice"); err != store.ErrAbsent {
		t.Errorf("found by a claim: %v", err)
	}
	if err := s.CreateUser(ctx, &oauth.User{Subject: "usr_2", Username: "alice"}); err != store.ErrExists {
		t.Errorf("created over a claim: %v", err)
	}
	redis(t, server, "PEXPIRE", keys[0], "0")
	if err := s.CreateUser(ctx, &oauth.User{Subject: "usr_2", Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	if u, err := s.FindUser(ctx, "alice"); err != nil || u.Subject != "usr_2" {
		t.Errorf("found %v, %v", u, err)
	}
}

func TestFamilyListing_LosesWhatExpired(t *testing.T) {
	server, prefix := redistest.Shared(t)
	s := open(t, server.Addr, prefix)
	begin := func(n int, life time.Duration) {
		t.Helper()
		g := oauth.Grant{ID: oauth.GrantID(fmt.Sprint(n)), ClientID: "app", Subject: "usr_1"}
		until := time.Now().Add(life)
		if err := s.PutCode(t.Context(), store.Hash{}, &store.Code{Grant: g, ExpiresAt: time.Now().Add(time.Minute), Until: until}); err != nil {
			t.Fatal(err)
		}
		take := &store.TakeCode{Grant: g.ID, ClientID: "app", Now: time.Now()}
		if _, err := s.TakeCode(t.Context(), take); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 40 {
		begin(n, 500*time.Millisecond)
	}
	begin(40, time.Minute) // keeps the listing itself
	time.Sleep(600 * time.Millisecond)
	for n := range 3 { // each takes 16 with it
		begin(41+n, time.Minute)
	}
	names := redis(t, server, "KEYS", prefix+":families:*")
	listings, err := names.AsStrSlice()
	if err != nil || len(listings) != 2 {
		t.Fatalf("listings %q, %v", listings, err)
	}
	for _, listing := range listings {
		size := redis(t, server, "ZCARD", listing)
		if n, err := size.AsInt64(); n != 4 || err != nil {
			t.Errorf("%s has %d members, %v; want 4", listing, n, err)
		}
	}
}
