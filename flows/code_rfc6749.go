package flows

import (
	"context"
	"errors"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

const (
	// maxVerifierMisses wrong verifiers spend a code: nobody gets to guess.
	maxVerifierMisses = 3
	// keepSpentCode is how long a spent code is remembered, so that a replay ends its tokens.
	keepSpentCode = time.Hour
)

var errUnknownCode = oauth.InvalidGrant("the code is unknown, expired, used or not this client's, or redirect_uri or code_verifier does not fit its authorization request")

// authorizationCode trades a code for tokens (RFC 6749 4.1.3). The code is spent first; what is
// minted after it can at worst be lost, and then costs one more trip through /authorize.
func (f *Flows) authorizationCode(ctx context.Context, c *tokenCall) (*TokenAnswer, error) {
	code, refresh, err := f.redeemCode(ctx, c)
	if err != nil {
		return nil, err
	}
	grant, listed := &code.Grant, f.listFamily(ctx, code)
	if err := f.endUnless(ctx, grant, f.grantStands(ctx, grant)); err != nil {
		return nil, err
	}
	answer, err := f.issue(ctx, c, grant, grant.Scope.Within(c.client.Scope), EventTokenIssued)
	if err != nil {
		return nil, err
	}
	if err := <-listed; err != nil {
		return nil, outage(err)
	}
	answer.RefreshToken = refresh
	return answer, nil
}

// listFamily has a family listed while its first tokens are signed. Nobody is told of tokens that
// nobody could find to end them.
func (f *Flows) listFamily(ctx context.Context, code *store.Code) <-chan error {
	listed := make(chan error, 1)
	if !code.Refreshable {
		close(listed) // what it is listed for already is all the time it has
		return listed
	}
	go func() { listed <- f.store.ListFamily(ctx, code) }()
	return listed
}

// redeemCode spends the code and returns what is behind it, and its first refresh token where
// it has one (OIDC Core 11).
func (f *Flows) redeemCode(ctx context.Context, c *tokenCall) (*store.Code, string, error) {
	if c.Code == "" {
		return nil, "", oauth.InvalidRequest("code is missing") // 4.1.3
	}
	id, hash, ok := f.cfg.Handles.Parse(token.Code, c.Code)
	if !ok {
		return nil, "", f.wrong(ctx, madeUp(c.client), errUnknownCode) // 10.10
	}
	if err := f.mayTry(ctx, id); err != nil {
		return nil, "", err
	}
	refresh := f.cfg.Handles.New(token.Refresh, id)
	code, err := f.store.TakeCode(ctx, &store.TakeCode{
		Grant:       id,
		Code:        hash,
		ClientID:    c.client.ID,             // 4.1.3
		RedirectURI: c.RedirectURI,           // 4.1.3
		Challenge:   challengeOf(c.Verifier), // RFC 7636 4.6
		Now:         f.now(),
		MaxMisses:   maxVerifierMisses,
		KeepSpent:   keepSpentCode,
		Until:       c.at.Add(f.cfg.RefreshTTL),
		Refresh:     token.HashOf(refresh),
	})
	switch {
	case errors.Is(err, store.ErrSpent): // 4.1.2: end what the first use got
		if err := f.store.RevokeGrant(ctx, id, f.tokensEnd()); err != nil {
			return nil, "", outage(err)
		}
		f.emitGrant(ctx, EventCodeReplayed, &code.Grant, "")
		return nil, "", f.wrong(ctx, string(id), errUnknownCode)
	case errors.Is(err, store.ErrAbsent), errors.Is(err, store.ErrMismatch):
		return nil, "", f.wrong(ctx, string(id), errUnknownCode)
	case err != nil:
		return nil, "", outage(err)
	}
	if !code.Refreshable {
		refresh = ""
	}
	return code, refresh, nil
}
