package flows

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// authorization is one request to /authorize on its way through the checks.
type authorization struct {
	*AuthorizeRequest
	client *oauth.Client
	demand // what the request asks of the login (OIDC Core 3.1.2.1)
	scope  oauth.Scope
}

// pageChecks come before the redirect URI can be trusted: what they refuse is shown to the
// person, never sent anywhere (RFC 6749 4.1.2.1).
var pageChecks = []func(*Flows, context.Context, *authorization) error{
	(*Flows).checkAuthorizeClient, // RFC 6749 4.1.1, 3.1.2.3, RFC 9700 2.1
	checkStateLength,
}

// redirectChecks refuse by sending the browser back to the client with an error.
var redirectChecks = []func(*Flows, context.Context, *authorization) error{
	checkRequestObject,  // OIDC Core 6: not offered
	checkResponseType,   // RFC 6749 3.1.1
	checkResponseMode,   // OAuth 2.0 Multiple Response Types 2.1
	checkCodeGrant,      // RFC 6749 4.1.2.1
	checkAuthorizePKCE,  // RFC 7636 4.4.1, RFC 9700 2.1.1
	checkAuthorizeScope, // RFC 6749 3.3
	checkNonce,          // OIDC Core 3.1.2.1
	checkAuthorizeTarget,
	(*Flows).checkDemand, // OIDC Core 3.1.2.1: prompt, max_age, id_token_hint
}

// Authorize answers a request to the authorization endpoint (RFC 6749 3.1). An error is for a
// page, with no way back to the client; everything the client may hear of is a Step.
func (f *Flows) Authorize(ctx context.Context, r *AuthorizeRequest) (*Step, error) {
	a := &authorization{AuthorizeRequest: r}
	for _, check := range pageChecks {
		if err := check(f, ctx, a); err != nil {
			return nil, err
		}
	}
	for _, check := range redirectChecks {
		if err := check(f, ctx, a); err != nil {
			return f.sendError(a.interaction(f), err)
		}
	}
	return f.begin(ctx, a)
}

// ErrWrongRedirect is the cause where a client that there is came with a redirect URI that is not its own.
var ErrWrongRedirect = errors.New("the redirect URI is not registered for the client")

// Both are one answer, so that nobody learns which clients exist; the log may know.
var (
	errUntrusted     = oauth.InvalidRequest("the client is unknown or the redirect URI is not registered for it")
	errWrongRedirect = &oauth.Error{Code: errUntrusted.Code, Description: errUntrusted.Description, Cause: ErrWrongRedirect}
)

const (
	maxState = 4096
	maxNonce = 1024
	maxHint  = 256
)

// checkAuthorizeClient finds the client, and holds the redirect URI to those it has registered. What is
// remembered of a client may be from a moment ago, so a no is asked for again: which also makes it take as
// long as where there is no client, about whom the store is always asked.
func (f *Flows) checkAuthorizeClient(ctx context.Context, a *authorization) error {
	if a.ClientID == "" {
		return oauth.InvalidRequest("client_id is missing")
	}
	var no error
	for range 2 {
		client, err := f.store.GetClient(ctx, a.ClientID)
		switch {
		case errors.Is(err, store.ErrAbsent):
			return errUntrusted
		case err != nil:
			return outage(err)
		}
		a.client = client
		if no = a.checkRedirect(); no == nil {
			return nil
		}
		ctx = store.Fresh(ctx)
	}
	return no
}

func (a *authorization) checkRedirect() error {
	switch {
	case a.client.Disabled:
		return errUntrusted
	case a.RedirectURI == "" && len(a.client.RedirectURIs) == 1: // 3.1.2.3: the only one is meant
		return nil
	case !oauth.MatchRedirectURI(a.client.RedirectURIs, a.RedirectURI, a.client.Public()):
		return errWrongRedirect
	}
	return nil
}

func checkStateLength(_ *Flows, _ context.Context, a *authorization) error {
	if len(a.State) > maxState {
		return oauth.InvalidRequest("state is longer than 4096 bytes")
	}
	return nil
}

func checkRequestObject(_ *Flows, _ context.Context, a *authorization) error {
	switch {
	case a.Request != "":
		return oauth.NewError(oauth.CodeRequestNotSupported, "request objects are not supported")
	case a.RequestURI != "":
		return oauth.NewError(oauth.CodeRequestURINotSupported, "request_uri is not supported")
	}
	return nil
}

func checkResponseType(_ *Flows, _ context.Context, a *authorization) error {
	switch a.ResponseType {
	case "code":
		return nil
	case "":
		return oauth.InvalidRequest("response_type is missing")
	}
	return oauth.NewError(oauth.CodeUnsupportedResponseType, "response_type must be code") // RFC 9700 2.1.2
}

func checkResponseMode(_ *Flows, _ context.Context, a *authorization) error {
	if a.ResponseMode != "" && a.ResponseMode != "query" {
		return oauth.InvalidRequest("response_mode must be query")
	}
	return nil
}

func checkCodeGrant(_ *Flows, _ context.Context, a *authorization) error {
	if !a.client.MayUse(oauth.GrantAuthorizationCode) {
		return oauth.NewError(oauth.CodeUnauthorizedClient, "the client is not registered for codes")
	}
	return nil
}

func checkAuthorizePKCE(_ *Flows, _ context.Context, a *authorization) error {
	return checkChallenge(a.Challenge, a.ChallengeMethod)
}

func checkAuthorizeScope(_ *Flows, _ context.Context, a *authorization) error {
	scope, err := oauth.ParseScope(a.Scope)
	if err != nil {
		return err
	}
	if scope == nil {
		scope = withoutUserScopes(a.client.Scope) // 3.3: the default
	}
	if len(scope) == 0 || !a.client.Scope.Covers(scope) {
		return oauth.NewError(oauth.CodeInvalidScope, "the scope is not one this client may ask for")
	}
	if !a.client.MayUse(oauth.GrantRefreshToken) {
		scope = scope.Without(oauth.ScopeOfflineAccess) // OIDC Core 11
	}
	a.scope = scope
	return nil
}

func checkNonce(_ *Flows, _ context.Context, a *authorization) error {
	if len(a.Nonce) > maxNonce {
		return oauth.InvalidRequest("nonce is longer than 1024 bytes")
	}
	if strings.ContainsFunc(a.Nonce, unicode.IsControl) { // no token of ours carries one
		return oauth.InvalidRequest("nonce has a control character")
	}
	return nil
}

func checkAuthorizeTarget(f *Flows, _ context.Context, a *authorization) error {
	return f.checkResource(a.client, a.Resource) // RFC 8707 2
}

// interaction is the request as it will be remembered: checked, and nothing else.
func (a *authorization) interaction(f *Flows) *store.Interaction {
	now := f.now()
	i := &store.Interaction{
		Browser:       hashOf(a.Browser),
		ClientID:      a.client.ID,
		ClientSince:   a.client.CreatedAt,
		RedirectURI:   a.RedirectURI,
		RedirectGiven: a.RedirectURI != "",
		State:         a.State,
		Scope:         a.scope,
		Nonce:         a.Nonce,
		Challenge:     a.Challenge,
		Prompt:        a.prompt,
		LoginAfter:    a.loginAfter,
		Subject:       a.subject,
		CreatedAt:     now,
		ExpiresAt:     now.Add(interactionTTL),
	}
	if len(a.LoginHint) <= maxHint {
		i.LoginHint = a.LoginHint
	}
	if !i.RedirectGiven {
		i.RedirectURI = a.client.RedirectURIs[0]
	}
	return i
}

// sendError sends the browser back to the client with an error (RFC 6749 4.1.2.1), naming the
// issuer (RFC 9207 2).
func (f *Flows) sendError(i *store.Interaction, err error) (*Step, error) {
	e := oauth.AsError(err)
	return &Step{Next: NextRedirect, URL: oauth.AppendQuery(i.RedirectURI,
		"error", string(e.Code),
		"error_description", e.Description,
		"state", i.State,
		"iss", f.cfg.Issuer,
	), Refused: e}, nil
}
