package flows

import (
	"context"
	"errors"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

// accessToken returns the claims of a token that is good now: signed by us, not expired, not
// revoked. It says invalid_token or temporarily_unavailable, and never confuses the two.
func (f *Flows) accessToken(ctx context.Context, tok []byte) (*token.Access, error) {
	claims, err := f.verify(ctx, tok)
	if err != nil {
		return nil, err
	}
	return claims, f.checkAccess(ctx, claims)
}

// verify checks the bytes. A key that is not known may be one that another node made a moment
// ago, so the set is read once more before the token is refused.
func (f *Flows) verify(ctx context.Context, tok []byte) (*token.Access, error) {
	return f.verifyAfter(tok, func() error { return f.keys.Refresh(ctx) })
}

func (f *Flows) verifyAfter(tok []byte, refresh func() error) (*token.Access, error) {
	if f.keys.Snapshot() == nil {
		return nil, oauth.Unavailable(errNoKeys)
	}
	claims, err := f.verifier.Access(tok)
	if errors.Is(err, token.ErrUnknownKey) {
		if err := refresh(); err != nil {
			return nil, oauth.Unavailable(err)
		}
		claims, err = f.verifier.Access(tok)
	}
	if err != nil {
		return nil, &oauth.Error{Code: oauth.CodeInvalidToken, Description: oauth.InvalidToken().Description, Cause: err}
	}
	return claims, nil
}

// checkAccess asks whether what the claims hang on was revoked.
func (f *Flows) checkAccess(ctx context.Context, c *token.Access) error {
	err := f.checkRevoked(ctx, f.ref(c))
	if errors.Is(err, store.ErrRevoked) {
		return oauth.InvalidToken()
	}
	return err
}

func (f *Flows) ref(c *token.Access) store.TokenRef {
	return store.TokenRef{
		ID: c.ID, Grant: c.Grant, ClientID: c.ClientID, Subject: c.Subject, SessionID: c.SessionID,
		IssuedAt: time.UnixMilli(c.IssuedAtMS).UTC(), Epoch: c.Epoch,
	}
}

// checkRevoked returns nil, store.ErrRevoked, or an answer that means nobody knows.
func (f *Flows) checkRevoked(ctx context.Context, ref store.TokenRef) error {
	return f.checkRevokedAll(ctx, []store.TokenRef{ref})[0]
}

func (f *Flows) checkRevokedAll(ctx context.Context, refs []store.TokenRef) []error {
	answers := f.store.CheckRevoked(ctx, refs)
	for i, err := range answers {
		switch {
		case err == nil, errors.Is(err, store.ErrRevoked):
			f.lastAsked.Store(f.now().UnixMilli())
		case errors.Is(err, store.ErrReset):
			// The store was emptied or replaced: revocations are gone with it. The new key set it
			// holds, or will hold, refuses everything that was signed before.
			_ = f.keys.Refresh(ctx)
			answers[i] = oauth.Unavailable(err)
		default:
			answers[i] = outage(err)
		}
	}
	return answers
}
