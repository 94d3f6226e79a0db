package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func TestHandles_NameTheirGrantAndNothingElse(t *testing.T) {
	h := NewHandles([]byte("mac key"))
	for _, kind := range []Kind{Code, Refresh} {
		g := NewGrantID()
		s := h.New(kind, g)
		got, hash, ok := h.Parse(kind, s)
		if !ok || got != g || hash != HashOf(s) {
			t.Errorf("%s: %v, %v", s, got, ok)
		}
		if s == h.New(kind, g) {
			t.Error("two handles of a grant are equal")
		}
		if !regexp.MustCompile(`^tg[cr]_[A-Za-z0-9_-]{80}$`).MatchString(s) {
			t.Errorf("shape of %s", s)
		}
	}
}

func TestHandles_RefuseWhatTheyDidNotMake(t *testing.T) {
	h := NewHandles([]byte("mac key"))
	code := h.New(Code, NewGrantID())
	body := strings.TrimPrefix(code, string(Code))
	refuse := func(name, s string) {
		t.Helper()
		if _, _, ok := h.Parse(Code, s); ok {
			t.Errorf("%s: accepted %q", name, s)
		}
	}
	refuse("empty", "")
	refuse("a refresh token", h.New(Refresh, NewGrantID()))
	refuse("a code by a refresh token's name", string(Refresh)+body)
	refuse("no prefix", body)
	refuse("another prefix's case", "TGC_"+body)
	refuse("longer", code+"A")
	refuse("shorter", code[:len(code)-1])
	refuse("padded", code+"=")
	refuse("one megabyte", code+strings.Repeat("A", 1<<20))
	refuse("another key", NewHandles([]byte("other")).New(Code, NewGrantID()))
	refuse("two joined", code[:44]+h.New(Code, NewGrantID())[44:])
	for i := range code {
		for _, c := range []string{"\n", "\r", "+", "=", "\x00"} {
			refuse("a foreign byte", code[:i]+c+code[i+1:])
			refuse("a byte too many", code[:i]+c+code[i:])
		}
		swapped := []byte(code)
		if swapped[i] ^= 1; string(swapped) != code {
			refuse("a changed byte", string(swapped))
		}
	}
	t.Run("row 269: random but well formed", func(t *testing.T) {
		for range 1000 {
			raw := make([]byte, handleSize)
			copy(raw, NewSecret()+NewSecret())
			refuse("random", string(Code)+b64.EncodeToString(raw))
		}
	})
}

func TestHandles_OlderKeysStillCount(t *testing.T) {
	old, new := []byte("old"), []byte("new")
	s := NewHandles(old).New(Refresh, NewGrantID())
	if _, _, ok := NewHandles(new, old).Parse(Refresh, s); !ok {
		t.Error("a handle of the older key is refused")
	}
	if _, _, ok := NewHandles(old).Parse(Refresh, NewHandles(new, old).New(Refresh, NewGrantID())); ok {
		t.Error("the ring made a handle with its older key")
	}
}

func TestTokenID_SaysGrantAndMoment(t *testing.T) {
	g := NewGrantID()
	now := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	id := NewTokenID(g, now)
	gotGrant, issued, ok := ParseTokenID(id)
	if !ok || gotGrant != g || !issued.Equal(now.Truncate(time.Millisecond)) || issued.Location() != time.UTC {
		t.Errorf("%s, %v, %v", gotGrant, issued, ok)
	}
	if len(id) != 43 || id == NewTokenID(g, now) {
		t.Errorf("id %s", id)
	}
	for _, bad := range []string{"", "x", string(id)[1:], string(id) + "A", string(id)[:42] + "\n", string(id)[:42] + "B", string(id)[:42] + "="} {
		if _, _, ok := ParseTokenID(oauth.TokenID(bad)); ok {
			t.Errorf("accepted %q", bad)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a malformed grant id made a token id")
		}
	}()
	NewTokenID("short", now)
}

// Of ids drawn without a choice, one in 64 begins with a dash.
func TestTokenID_NeverBeginsWithADash(t *testing.T) {
	for range 2000 {
		if g := NewGrantID(); g[0] == '-' || NewTokenID(g, time.Now())[0] == '-' {
			t.Fatal(g)
		}
	}
}

func TestSecrets_Are256RandomBits(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := NewSecret()
		raw, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(raw) != 32 || seen[s] {
			t.Fatalf("%q, %v", s, err)
		}
		seen[s] = true
	}
}

func TestSeal_OpensWithTheHandleAndPurposeOnly(t *testing.T) {
	handle, clear := NewSecret(), []byte("the successor")
	sealed, err := Seal(handle, "refresh", clear)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Open(handle, "refresh", sealed); err != nil || !bytes.Equal(got, clear) {
		t.Errorf("%q, %v", got, err)
	}
	if bytes.Contains(sealed, clear) {
		t.Error("sealed text shows the clear text")
	}
	again, err := Seal(handle, "refresh", clear)
	if err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealed twice, the same bytes: %v", err)
	}
	hash := HashOf(handle)
	damaged := bytes.Clone(sealed)
	damaged[len(damaged)/2] ^= 1
	for name, c := range map[string]struct {
		handle, purpose string
		sealed          []byte
	}{
		"another handle":           {NewSecret(), "refresh", sealed},
		"another purpose":          {handle, "outcome", sealed},
		"the hash the store keeps": {string(hash[:]), "refresh", sealed},
		"damaged":                  {handle, "refresh", damaged},
		"cut":                      {handle, "refresh", sealed[:10]},
		"nothing":                  {handle, "refresh", nil},
	} {
		if _, err := Open(c.handle, c.purpose, c.sealed); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
