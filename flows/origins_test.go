package flows

import (
	"context"
	"errors"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// A page must be able to read that its token is no good any more.
func TestClientOf_NamesTheClientOfEveryTokenThatWasOurs(t *testing.T) {
	w := newWorld(t)
	tokens := w.tokens(w.newBrowser())
	want := func(when, tok, id string) {
		t.Helper()
		got := ""
		if client := w.ClientOf(t.Context(), []byte(tok)); client != nil {
			got = client.ID
		}
		if got != id {
			t.Errorf("%s: %q, want %q", when, got, id)
		}
	}
	want("good", tokens.AccessToken, "web")
	want("forged", tokens.AccessToken[:len(tokens.AccessToken)-8]+"AAAAAAAA", "")
	want("an id_token", tokens.IDToken, "")
	want("a refresh token", tokens.RefreshToken, "")
	want("nothing", "", "")
	if err := w.RevokeAnyToken(t.Context(), tokens.AccessToken); err != nil {
		t.Fatal(err)
	}
	want("revoked", tokens.AccessToken, "web")
	w.pass(time.Hour)
	want("expired", tokens.AccessToken, "web")
	want("expired, and remembered as that", tokens.AccessToken, "web")
	if err := w.DeleteClient(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	want("of a client that is gone", tokens.AccessToken, "")
}

// unknownOrigins is a store that was never asked before it went away.
type unknownOrigins struct{ store.Store }

func (unknownOrigins) HasOrigin(context.Context, string) (bool, error) {
	return false, errors.New("connection refused")
}

func TestHasOrigin_AnOutageIsNoRefusal(t *testing.T) {
	w := newWorld(t)
	w.broken.Store = unknownOrigins{w.broken.Store}
	_, err := w.HasOrigin(t.Context(), "https://app.example")
	wantCode(t, err, oauth.CodeTemporarilyUnavailable)
}
