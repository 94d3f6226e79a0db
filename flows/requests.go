package flows

import (
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/oauth"
	"tollgate/flows/token"
)

// TokenRequest is a request to /token as it was sent (RFC 6749 3.2). Absent and empty are the same.
type TokenRequest struct {
	Client       clientauth.Credentials
	GrantType    string
	Scope        string
	Code         string // authorization_code
	RedirectURI  string
	Verifier     string // code_verifier
	RefreshToken string // refresh_token
	Resource     string // RFC 8707
}

// TokenAnswer is a success (RFC 6749 5.1). Empty members are left out.
type TokenAnswer struct {
	AccessToken  string
	ExpiresIn    int64 // seconds
	Scope        string
	RefreshToken string
	IDToken      string

	ClientID string // for records and metrics, not for the wire
	Grant    oauth.GrantType
}

// IntrospectRequest asks about tokens (RFC 7662 2.1); one, or up to 100 in the batch form.
type IntrospectRequest struct {
	Client clientauth.Credentials
	Tokens []string
}

// Introspection is what the caller may know of one token (RFC 7662 2.2). Where Active is false,
// nothing else is set.
type Introspection struct {
	Active    bool
	TokenType string // "Bearer" for access tokens, "" for refresh tokens
	TokenUse  string // "access_token" or "refresh_token"
	Scope     string
	ClientID  string
	Username  string
	Subject   string
	Audience  string
	Issuer    string
	TokenID   string
	SessionID string
	Expires   int64 // Unix seconds
	IssuedAt  int64

	// Expired says of an inactive token that it is one of ours that has just run its time. It is
	// nobody's business outside.
	Expired bool
	// Recalled says of an active access token that its claims were remembered; false where the
	// signature had to be verified first.
	Recalled bool
}

// RevokeRequest asks to end a token (RFC 7009 2.1). The hint is not needed and not here.
type RevokeRequest struct {
	Client clientauth.Credentials
	Token  string
}

// Validation is a good access token that met every demand.
type Validation struct {
	Claims *token.Access
	// Stale is how long ago revocation could last be asked; zero in the normal case. It is only
	// ever set where validate.on_store_loss allows it.
	Stale time.Duration
	// Recalled: the claims were remembered. False where the signature had to be verified first.
	Recalled bool
}

// UserInfo is the answer of OIDC Core 5.3.2. Empty members are left out; Subject never is.
type UserInfo struct {
	Subject           string
	PreferredUsername string
	Name              string
	GivenName         string
	FamilyName        string
	UpdatedAt         int64 // Unix seconds
	Email             string
	EmailVerified     *bool
}

// AuthorizeRequest is a request to /authorize as it was sent (RFC 6749 4.1.1, OIDC Core 3.1.2.1).
// Absent and empty are the same.
type AuthorizeRequest struct {
	ResponseType    string
	ResponseMode    string
	ClientID        string
	RedirectURI     string
	Scope           string
	State           string
	Nonce           string
	Challenge       string // code_challenge
	ChallengeMethod string
	Prompt          string
	MaxAge          string
	LoginHint       string
	IDTokenHint     string
	Request         string // RFC 9101; refused
	RequestURI      string // refused
	Resource        string // RFC 8707

	Session string // the session cookie's value, "" for none
	Browser string // the browser cookie's value; never empty
}

// Next is what a browser is shown next.
type Next string

// The places a browser can be sent to.
const (
	NextRedirect Next = "redirect" // to Step.URL: the client
	NextLogin    Next = "login"    // to the login page of Step.Interaction
	NextConsent  Next = "consent"  // to the consent page of Step.Interaction
	NextSignedIn Next = "signed_in"
)

// Step is the outcome of one turn with the browser.
type Step struct {
	Next        Next
	URL         string
	Interaction string // handle; travels in the page's address, useless in another browser
	// Refused is the error that URL takes to the client, nil where it takes a code. It is for our log.
	Refused *oauth.Error
}

// LoginPage is what the login page shows. Everything in it came from a client or a stranger:
// escape it.
type LoginPage struct {
	ClientName     string // "" where nobody asked but the person
	LoginHint      string
	RedirectScheme string // of the redirect URI: the page's policy must let the form end there
}

// LoginRequest is the login form as it was sent.
type LoginRequest struct {
	Interaction string // "" outside an authorization request
	Browser     string
	Session     string // the session that the new one replaces, "" for none
	Username    string
	Password    string
}

// NewSession is a session that the browser shall hold from now on.
type NewSession struct {
	Cookie  string
	Expires time.Time
}

// ConsentPage is what the consent page shows. Escape it.
type ConsentPage struct {
	ClientName     string
	ClientID       string
	RedirectHost   string // where the browser goes next
	RedirectScheme string
	Username       string
	Scopes         []string // all that is asked for, in order
}

// ConsentRequest is the consent form as it was sent.
type ConsentRequest struct {
	Interaction string
	Browser     string
	Session     string
	Allow       bool
}

// LogoutRequest is OIDC RP-Initiated Logout 2, or somebody who came by.
type LogoutRequest struct {
	IDTokenHint           string
	ClientID              string
	PostLogoutRedirectURI string
	State                 string

	Session string
	// Confirmed says that the person pressed the button of our own page.
	Confirmed bool
}

// LogoutStep is what follows: ask first, or it is done.
type LogoutStep struct {
	Confirm    bool   // show the question; nothing has happened
	SignedOut  bool   // the session is gone: clear the cookie
	URL        string // where to go, state included; "" = our own page
	ClientName string
	Username   string
}
