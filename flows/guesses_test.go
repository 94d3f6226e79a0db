package flows

import (
	"context"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"tollgate/cache"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// handleStore counts how often it is asked for what is behind a handle.
type handleStore struct {
	store.Store
	times atomic.Int64
}

func (c *handleStore) TakeCode(ctx context.Context, t *store.TakeCode) (*store.Code, error) {
	c.times.Add(1)
	return c.Store.TakeCode(ctx, t)
}

func (c *handleStore) Rotate(ctx context.Context, r *store.Rotation) (*store.Family, []byte, error) {
	c.times.Add(1)
	return c.Store.Rotate(ctx, r)
}

func guessed(c *Config) { c.Guesses = cache.Rate{PerSecond: 0.1, Burst: 3} }

// from is a request from an address.
func from(t *testing.T, addr string) context.Context {
	return WithOrigin(t.Context(), Origin{Addr: netip.MustParseAddr(addr)})
}

func TestGuesses_MadeUpHandlesCountAgainstTheirClientAndAddress(t *testing.T) {
	w := newWorld(t, guessed)
	good := w.tokens(w.newBrowser())
	here, there := from(t, "203.0.113.7"), from(t, "203.0.113.8")
	junk := []*TokenRequest{refresh("tgr_" + strings.Repeat("A", 80)), redeem("tgc_" + strings.Repeat("A", 80)), redeem("x"), refresh("x")}
	for i, r := range junk {
		_, err := w.Token(here, r)
		want := oauth.CodeInvalidGrant
		if i == 3 {
			want = oauth.CodeTooManyRequests
		}
		wantCode(t, err, want)
	}
	t.Run("another address is not held to account", func(t *testing.T) {
		_, err := w.Token(there, junk[0])
		wantCode(t, err, oauth.CodeInvalidGrant)
	})
	t.Run("another client is not", func(t *testing.T) {
		_, err := w.Token(here, &TokenRequest{Client: asSPA, GrantType: "refresh_token", RefreshToken: "x"})
		wantCode(t, err, oauth.CodeInvalidGrant)
	})
	t.Run("what is good passes, of the same client from the same address", func(t *testing.T) {
		must(w.Token(here, refresh(good.RefreshToken)))(t)
		must(w.Token(here, redeem(w.walk(w.newBrowser(), request()).Get("code"))))(t)
	})
}

func TestGuesses_DeadHandlesOfAGrantSoonAskTheStoreNoMore(t *testing.T) {
	asked := &handleStore{}
	w := newWorld(t, guessed, func(c *Config) { asked.Store, c.Store = c.Store, asked })
	here := from(t, "203.0.113.7")
	for name, dead := range map[string]*TokenRequest{
		"a code that was used":        redeem(w.walk(w.newBrowser(), request()).Get("code")),
		"a refresh token that is not": refresh(w.cfg.Handles.New("tgr_", w.issuedGrant(t))),
	} {
		t.Run(name, func(t *testing.T) {
			_, _ = w.Token(here, dead)
			for {
				before := asked.times.Load()
				_, err := w.Token(here, dead)
				if oauth.AsError(err).Code == oauth.CodeTooManyRequests && asked.times.Load() == before {
					break
				}
				if before > 20 {
					t.Fatalf("asked %d times, last answer %v", before, err)
				}
			}
			_, err := w.Token(from(t, "203.0.113.8"), dead)
			wantCode(t, err, oauth.CodeInvalidGrant)
		})
	}
	must(w.Token(here, redeem(w.walk(w.newBrowser(), request()).Get("code"))))(t)
}

// issuedGrant is the id of a grant whose family has begun.
func (w *world) issuedGrant(t *testing.T) oauth.GrantID {
	id, _, ok := w.cfg.Handles.Parse("tgr_", w.tokens(w.newBrowser()).RefreshToken)
	if !ok {
		t.Fatal("not a handle of ours")
	}
	return id
}
