package flows

import (
	"context"
	"errors"
	"strings"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

// Validate answers a gateway that asks whether a request may pass: invalid_token, then
// insufficient_scope where a demand is not met, temporarily_unavailable where revocation cannot
// be known (RFC 6750 3.1). scope is space-separated, all of it needed; "" demands nothing. now is when
// the gateway asked, by a clock that who calls has read already.
func (f *Flows) Validate(ctx context.Context, now time.Time, tok []byte, scope, audience string) (Validation, error) {
	k, err := f.verify(ctx, tok, now)
	if err != nil {
		return Validation{}, err
	}
	stale, err := f.tolerate(&k.claims, f.checkAccess(ctx, k, now))
	if err != nil {
		return Validation{}, err
	}
	if err := checkDemands(&k.claims, scope, audience); err != nil {
		return Validation{}, err
	}
	return Validation{Claims: &k.claims, Stale: stale, Recalled: k.recalled()}, nil
}

// checkDemands checks what the gateway wants of a good token.
func checkDemands(c *token.Access, scope, audience string) error {
	for name := range strings.FieldsSeq(scope) {
		if !hasScope(c.Scope, name) {
			return oauth.InsufficientScope(scope)
		}
	}
	if audience != "" && audience != c.Audience {
		return oauth.InsufficientScope(scope)
	}
	return nil
}

// hasScope looks for a word in a space-separated list.
func hasScope(list, name string) bool {
	for word := range strings.SplitSeq(list, " ") {
		if word == name {
			return true
		}
	}
	return false
}

// tolerate lets a token pass that could not be asked about, where the operator declared for how
// long that is acceptable, and says how old the last answer is. It never lets one pass that this
// node has refused before, and none after the store lost its data: that is an answer, not an outage.
func (f *Flows) tolerate(c *token.Access, err error) (time.Duration, error) {
	if err == nil || f.cfg.AllowStale == 0 {
		return 0, err
	}
	if oauth.AsError(err).Code == oauth.CodeInvalidToken {
		f.refused.remember(c.ID, c.Expires)
		return 0, err
	}
	if errors.Is(err, store.ErrReset) || oauth.AsError(err).Code != oauth.CodeTemporarilyUnavailable {
		return 0, err
	}
	if f.refused.has(c.ID) {
		return 0, oauth.InvalidToken()
	}
	last := f.lastHeard.Load()
	age := f.age(f.cfg.Now()) - time.Duration(last-1)*time.Millisecond
	if last == 0 || age < 0 || age > f.cfg.AllowStale {
		return 0, err
	}
	return max(age, time.Millisecond), nil
}
