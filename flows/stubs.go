package flows

import (
	"context"
	"errors"

	"tollgate/flows/keys"
)

var errStub = errors.New("not built yet")

// Flows is every protocol on one store and one key set.
type Flows struct{ keys *keys.Manager }

func (f *Flows) Token(ctx context.Context, r *TokenRequest) (*TokenAnswer, error) { return nil, errStub }
func (f *Flows) Introspect(ctx context.Context, r *IntrospectRequest) ([]Introspection, error) {
	return nil, errStub
}
func (f *Flows) Revoke(ctx context.Context, r *RevokeRequest) error { return errStub }

// Validate: scope is space-separated, all needed; either may be "".
func (f *Flows) Validate(ctx context.Context, tok []byte, scope, audience string) (Validation, error) {
	return Validation{}, errStub
}
func (f *Flows) UserInfo(ctx context.Context, tok []byte) (*UserInfo, error) { return nil, errStub }

// Authorize: an error is for a page (the redirect URI cannot be trusted); errors that go back to the client are a Step.
func (f *Flows) Authorize(ctx context.Context, r *AuthorizeRequest) (*Step, error) { return nil, errStub }
func (f *Flows) LoginPage(ctx context.Context, interaction, browser string) (*LoginPage, error) {
	return nil, errStub
}

// Login: a wrong password is ErrWrongPassword; then the page is shown again.
func (f *Flows) Login(ctx context.Context, r *LoginRequest) (*Step, *NewSession, error) {
	return nil, nil, errStub
}
func (f *Flows) ConsentPage(ctx context.Context, interaction, browser, session string) (*ConsentPage, error) {
	return nil, errStub
}
func (f *Flows) Consent(ctx context.Context, r *ConsentRequest) (*Step, error) { return nil, errStub }

// Resume says where an interaction stands, for a browser that comes back to it.
func (f *Flows) Resume(ctx context.Context, interaction, browser, session string) (*Step, error) {
	return nil, errStub
}
func (f *Flows) Logout(ctx context.Context, r *LogoutRequest) (*LogoutStep, error) { return nil, errStub }

// ErrWrongPassword: the username is unknown, the password wrong, or the user disabled; nobody is told which.
var ErrWrongPassword = errors.New("wrong username or password")

// NewBrowser returns a fresh browser cookie value.
func (f *Flows) NewBrowser() string { return "" }

// SignedIn returns the username of a session, "" where there is none.
func (f *Flows) SignedIn(ctx context.Context, session string) (string, error) { return "", errStub }

// Keys returns the key manager: JWKS for the server, operations for admin and CLI.
func (f *Flows) Keys() *keys.Manager { return f.keys }
