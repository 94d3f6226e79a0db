package flows

import (
	"context"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// UserInfo returns what the token's scope lets its client know of the user (OIDC Core 5.3).
func (f *Flows) UserInfo(ctx context.Context, tok []byte) (*UserInfo, error) {
	claims, err := f.accessToken(ctx, tok)
	if err != nil {
		return nil, err
	}
	if !hasScope(claims.Scope, oauth.ScopeOpenID) { // 5.3: only a token of OIDC opens it
		return nil, oauth.InsufficientScope(oauth.ScopeOpenID)
	}
	user, err := f.store.GetUser(ctx, claims.Subject)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, oauth.InvalidToken()
	case err != nil:
		return nil, outage(err)
	case user.Disabled:
		return nil, oauth.InvalidToken()
	}
	info := &UserInfo{Subject: user.Subject}
	if hasScope(claims.Scope, oauth.ScopeProfile) { // 5.4
		info.PreferredUsername = user.Username
		info.Name, info.GivenName, info.FamilyName = user.Name, user.GivenName, user.FamilyName
		info.UpdatedAt = user.UpdatedAt.Unix()
	}
	if hasScope(claims.Scope, oauth.ScopeEmail) && user.Email != "" { // 5.4
		info.Email, info.EmailVerified = user.Email, &user.EmailVerified
	}
	return info, nil
}
