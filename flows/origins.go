package flows

import (
	"context"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/token"
)

// HasOrigin reports whether a client has registered the origin of a page (Fetch, CORS). It says
// temporarily_unavailable where that was never known.
func (f *Flows) HasOrigin(ctx context.Context, origin string) (bool, error) {
	known, err := f.store.HasOrigin(ctx, origin)
	if err != nil {
		return false, outage(err)
	}
	return known, nil
}

// ClientOf returns the client that an access token is for, also one that has expired or was revoked;
// nil where it is no token of ours, or nobody knows. It is for who asks whom a request was about.
func (f *Flows) ClientOf(ctx context.Context, tok []byte) *oauth.Client {
	var id string
	var expired *token.Expired
	switch k, err := f.verify(ctx, tok, f.cfg.Now()); {
	case err == nil:
		id = k.claims.ClientID
	case errors.As(err, &expired):
		id = expired.ClientID
	default:
		return nil
	}
	client, err := f.store.GetClient(ctx, id)
	if err != nil {
		return nil
	}
	return client
}
