package flows

import (
	"context"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

var errLogoutTarget = oauth.InvalidRequest("post_logout_redirect_uri is not registered for the client")

// Logout ends a login session and everything that was issued in it (OIDC RP-Initiated Logout 2).
// It happens without a question only where a client proves with an id_token of this very session
// that it speaks for the person; an image on a stranger's page proves nothing.
func (f *Flows) Logout(ctx context.Context, r *LogoutRequest) (*LogoutStep, error) {
	hint := f.logoutHint(r)
	client, err := f.logoutClient(ctx, r, hint)
	if err != nil {
		return nil, err
	}
	target, err := logoutTarget(r, client)
	if err != nil {
		return nil, err
	}
	session, err := f.session(ctx, r.Session)
	if err != nil {
		return nil, err
	}
	step := &LogoutStep{}
	var clientID string // that has sent the person here
	if client != nil {
		step.ClientName, clientID = client.Name, client.ID
	}
	proven := hint != nil && session != nil && hint.SessionID == session.ID
	switch {
	case session == nil && hint == nil && !r.Confirmed:
		return step, nil // nobody is signed in, and nobody proves to be a client: our own page
	case session != nil && !proven && !r.Confirmed:
		step.Confirm, step.Username = true, session.Username
		return step, nil
	case session != nil:
		if err := f.endSession(ctx, clientID, r.Session, session); err != nil {
			return nil, err
		}
	}
	step.SignedOut, step.URL = true, target
	return step, nil
}

// logoutHint reads id_token_hint. It may be expired (2); one that is not ours is as none.
func (f *Flows) logoutHint(r *LogoutRequest) *token.IDClaims {
	if r.IDTokenHint == "" {
		return nil
	}
	hint, err := f.verifier.IDHint([]byte(r.IDTokenHint))
	if err != nil {
		return nil
	}
	return hint
}

// logoutClient finds the client that asks, nil where none is named or one that is no longer welcome. It goes
// by no memory, which knows none that there is not: the time would tell strangers which clients there are.
func (f *Flows) logoutClient(ctx context.Context, r *LogoutRequest, hint *token.IDClaims) (*oauth.Client, error) {
	id := r.ClientID
	if hint != nil {
		if id != "" && id != hint.Audience {
			return nil, oauth.InvalidRequest("client_id is not the one of id_token_hint") // 2
		}
		id = hint.Audience
	}
	if id == "" {
		return nil, nil
	}
	client, err := f.store.GetClient(store.Fresh(ctx), id)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, nil
	case err != nil:
		return nil, outage(err)
	case client.Disabled:
		return nil, nil
	}
	return client, nil
}

// logoutTarget returns where the browser goes afterwards, state included; only to a URI that the
// client registered for this (3).
func logoutTarget(r *LogoutRequest, client *oauth.Client) (string, error) {
	switch {
	case r.PostLogoutRedirectURI == "":
		return "", nil
	case client == nil, !oauth.MatchRedirectURI(client.PostLogoutRedirectURIs, r.PostLogoutRedirectURI, client.Public()):
		return "", errLogoutTarget
	case len(r.State) > maxState:
		return "", oauth.InvalidRequest("state is longer than 4096 bytes")
	}
	return oauth.AppendQuery(r.PostLogoutRedirectURI, "state", r.State), nil
}

// endSession ends the tokens first: a cookie that lives on by accident then opens nothing.
func (f *Flows) endSession(ctx context.Context, clientID, cookie string, s *store.Session) error {
	if err := f.store.RevokeSession(ctx, s.ID, f.grantsEnd()); err != nil {
		return outage(err)
	}
	if err := f.store.DeleteSession(ctx, hashOf(cookie)); err != nil {
		return outage(err)
	}
	f.emit(ctx, EventLogout, Event{ClientID: clientID, Subject: s.Subject})
	return nil
}
