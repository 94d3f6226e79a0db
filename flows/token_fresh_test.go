package flows

import (
	"context"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// twoFaced remembers a client as it was.
type twoFaced struct {
	store.Store
	old *oauth.Client
}

func (s *twoFaced) GetClient(ctx context.Context, id string) (*oauth.Client, error) {
	if id == s.old.ID && !store.IsFresh(ctx) {
		return s.old, nil
	}
	return s.Store.GetClient(ctx, id)
}

func TestToken_AReplacedSecretGetsNothingThatWasGivenAfterIt(t *testing.T) {
	w := newWorld(t)
	c, secret, err := w.CreateClient(t.Context(), &oauth.Client{ID: "svc", GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}, Scope: oauth.Scope{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	old := must(w.GetClient(t.Context(), c.ID))(t)
	if _, _, err := w.RotateSecret(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	now := must(w.GetClient(t.Context(), c.ID))(t)
	now.Scope = oauth.Scope{"a", "admin"}
	if _, err := w.UpdateClient(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	w.Flows.store = &twoFaced{w.Flows.store, old}
	a, err := w.Token(t.Context(), &TokenRequest{Client: basic("svc", secret), GrantType: "client_credentials", Scope: "admin"})
	if err == nil {
		t.Errorf("the replaced secret got the scope %q, which was given after it was replaced", a.Scope)
	}
}
