package flows

import (
	"testing"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store/memstore"
	"tollgate/flows/token"
)

// A master key is changed one node after the other: the one that has only the old one cannot know what the
// new key has signed. It must say so, and acknowledge no revocation that it cannot carry out.
func TestNewKeys_WhatANodeCannotOpenItDoesNotJudge(t *testing.T) {
	old, next := keys.NewMasterKey(), keys.NewMasterKey()
	mem := memstore.New(memstore.Options{})
	t.Cleanup(func() { _ = mem.Close() })
	node := func(name, masters string) (*keys.Manager, *Flows) {
		master, err := keys.ParseMaster([]byte(masters))
		if err != nil {
			t.Fatal(err)
		}
		m := keys.NewManager(keys.Config{
			Store: mem, Master: master, RotateEvery: 1000 * time.Hour, PublishAhead: time.Hour, KeepRetired: time.Hour, Node: name, Now: time.Now,
		})
		if err := m.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		return m, New(Config{Issuer: issuer, Store: mem, Keys: m, Handles: token.NewHandles([]byte("0123456789abcdef0123456789abcdef"))})
	}
	behind, behindFlows := node("behind", old)
	ahead, aheadFlows := node("ahead", next+"\n"+old)
	if err := ahead.Rotate(t.Context(), oauth.EdDSA, true); err != nil {
		t.Fatal(err)
	}
	client := &oauth.Client{
		ID: "service", AuthMethod: oauth.AuthAnySecret, SecretHash: clientauth.HashSecret("secret"), Scope: oauth.Scope{"read"},
		GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}, SigningAlg: oauth.EdDSA, CreatedAt: time.Now(),
	}
	if err := mem.CreateClient(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	as := clientauth.Credentials{ID: "service", Secret: "secret"}
	answer, err := aheadFlows.Token(t.Context(), &TokenRequest{Client: as, GrantType: "client_credentials"})
	if err != nil {
		t.Fatal(err)
	}
	if err := behind.Load(t.Context()); err == nil { // as it does every second
		t.Fatal("a key was opened without its master key")
	}
	wantCode(t, behindFlows.Revoke(t.Context(), &RevokeRequest{Client: as, Token: answer.AccessToken}), oauth.CodeTemporarilyUnavailable)
	_, err = behindFlows.accessToken(t.Context(), []byte(answer.AccessToken))
	wantCode(t, err, oauth.CodeTemporarilyUnavailable)
}
