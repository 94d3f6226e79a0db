package flows

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

// ErrWrongPassword means that the username is unknown, the password wrong, or the user disabled;
// nobody is told which.
var ErrWrongPassword = errors.New("wrong username or password")

const sessionIDSize = 22 // characters of base64url, 132 bits

// NewBrowser returns a fresh browser cookie value: 256 random bits that bind interactions and
// forms to one browser before anybody signed in.
func (f *Flows) NewBrowser() string { return token.NewSecret() }

// session returns the session behind a cookie, nil where there is none that counts: unknown,
// expired, or ended since by a logout, a new password or a disabled account.
func (f *Flows) session(ctx context.Context, cookie string) (*store.Session, error) {
	if cookie == "" {
		return nil, nil
	}
	s, err := f.store.GetSession(ctx, hashOf(cookie))
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, nil
	case err != nil:
		return nil, outage(err)
	}
	ctx = store.Fresh(ctx) // what is issued to a session is dated after it, and no later cut-off reaches it
	if err = f.userStands(ctx, s.Subject, s.UserGeneration); err == nil {
		err = f.checkRevoked(ctx, store.TokenRef{Subject: s.Subject, SessionID: s.ID, IssuedAt: s.AuthTime, Epoch: s.Epoch})
	}
	switch {
	case errors.Is(err, store.ErrRevoked):
		return nil, nil
	case errors.Is(err, store.ErrReset) && f.isOver(s.Epoch):
		return nil, nil
	case err != nil:
		return nil, err
	case s.Epoch == "" && f.isOver(""):
		return nil, nil
	}
	return s, nil
}

// SignedIn returns the username of a session, "" where nobody is signed in.
func (f *Flows) SignedIn(ctx context.Context, session string) (string, error) {
	s, err := f.session(ctx, session)
	if s == nil {
		return "", err
	}
	return s.Username, nil
}

// LoginPage returns what the login page shows.
func (f *Flows) LoginPage(ctx context.Context, interaction, browser string) (*LoginPage, error) {
	if interaction == "" {
		return &LoginPage{}, nil
	}
	t, done, err := f.takeTurn(ctx, interaction, browser, "")
	switch {
	case err != nil:
		return nil, err
	case done != nil:
		return nil, errNoInteraction
	}
	scheme, _, _ := strings.Cut(t.i.RedirectURI, ":")
	return &LoginPage{ClientName: nameOf(t.client), LoginHint: t.i.LoginHint, RedirectScheme: scheme}, nil
}

// Login checks a password and begins a session under a fresh cookie. A wrong password is
// ErrWrongPassword.
func (f *Flows) Login(ctx context.Context, r *LoginRequest) (*Step, *NewSession, error) {
	var t *turn
	var clientID string // that has sent the person here
	if r.Interaction != "" {
		var done *Step
		var err error
		if t, done, err = f.takeTurn(ctx, r.Interaction, r.Browser, ""); err != nil || done != nil {
			return done, nil, err
		}
		clientID = t.i.ClientID
	}
	at := f.now()
	user, err := f.checkPassword(ctx, clientID, r.Username, r.Password)
	if err != nil {
		return nil, nil, err
	}
	if t != nil {
		at = afterRequest(at, t.i)
	}
	session, fresh, err := f.beginSession(ctx, r, clientID, user, at)
	if err != nil {
		return nil, nil, err
	}
	if t == nil {
		return &Step{Next: NextSignedIn}, fresh, nil
	}
	t.session = session
	if t.i.Subject != "" && t.i.Subject != session.Subject { // id_token_hint named somebody else
		step, err := f.sendError(t.i, oauth.NewError(oauth.CodeLoginRequired, "somebody else signed in"))
		return step, fresh, err
	}
	step, err := f.advance(ctx, t)
	return step, fresh, err
}

// afterRequest dates a login that answers a request, which another node may have dated later by its clock: or
// who was asked to sign in would be asked until this node's clock has caught up.
func afterRequest(at time.Time, i *store.Interaction) time.Time {
	if ahead := i.LoginAfter.Sub(at); 0 < ahead && ahead <= maxSkew {
		return i.LoginAfter
	}
	return at
}

// checkPassword finds the user behind a username and password. A user who is not there costs
// the same questions to the store, and the same hash, as one who is.
func (f *Flows) checkPassword(ctx context.Context, clientID, username, password string) (*oauth.User, error) {
	user, err := f.store.FindUser(ctx, username)
	if errors.Is(err, store.ErrAbsent) {
		user, err = f.store.GetUser(store.Fresh(ctx), nobody)
	}
	if err != nil && !errors.Is(err, store.ErrAbsent) {
		return nil, outage(err)
	}
	if user == nil {
		user = &oauth.User{}
	}
	ok, err := f.cfg.Passwords.Verify(ctx, user.PasswordHash, password)
	if err != nil {
		return nil, err
	}
	if !ok || user.Disabled {
		f.emit(ctx, EventLoginFailed, Event{ClientID: clientID, Subject: user.Subject, Detail: whyNot(user)})
		return nil, ErrWrongPassword
	}
	return user, nil
}

// nobody is the subject of no user. His record is asked for where a username has no subject: of one that has,
// the record is read after the name.
const nobody = ""

// whyNot says why a user was not let in, to those who run the server.
func whyNot(user *oauth.User) string {
	switch {
	case user.Subject == "":
		return "unknown user"
	case user.Disabled:
		return "disabled"
	}
	return "wrong password"
}

// beginSession replaces whatever session the browser had: a cookie from before the login must
// not be worth anything after it. The login is dated before the user was read: whatever changed
// the user since then ends the session, too.
func (f *Flows) beginSession(ctx context.Context, r *LoginRequest, clientID string, user *oauth.User, at time.Time) (*store.Session, *NewSession, error) {
	set := f.keys.Snapshot()
	if set == nil {
		return nil, nil, oauth.Unavailable(errNoKeys)
	}
	id, err := f.sessionID(ctx, r, user.Subject)
	if err != nil {
		return nil, nil, err
	}
	s := &store.Session{
		ID: id, Subject: user.Subject, Username: user.Username,
		AuthTime: at, ExpiresAt: at.Add(f.cfg.SessionTTL), UserGeneration: user.Generation, Epoch: set.Epoch,
	}
	cookie := token.NewSecret()
	if err := f.store.PutSession(ctx, hashOf(cookie), s); err != nil {
		return nil, nil, outage(err)
	}
	if r.Session != "" {
		if err := f.store.DeleteSession(ctx, hashOf(r.Session)); err != nil {
			return nil, nil, outage(err)
		}
	}
	f.emit(ctx, EventLogin, Event{ClientID: clientID, Subject: s.Subject})
	return s, &NewSession{Cookie: cookie, Expires: s.ExpiresAt}, nil
}

// sessionID names the session of a login. Who signs in again goes on with the session of before, and a second
// click on a form with that of the first, under another cookie each: a logout ends what all of them gave.
func (f *Flows) sessionID(ctx context.Context, r *LoginRequest, subject string) (string, error) {
	fresh := token.NewSecret()[:sessionIDSize]
	switch before, err := f.session(ctx, r.Session); {
	case err != nil:
		return "", err
	case before != nil && before.Subject == subject:
		return before.ID, nil
	case r.Interaction == "":
		return fresh, nil
	}
	hash := hashOf("session of " + subject + " by " + r.Interaction) // which nobody knows but the browser
	id := base64.RawURLEncoding.EncodeToString(hash[:])[:sessionIDSize]
	err := f.checkRevoked(store.Fresh(ctx), store.TokenRef{SessionID: id})
	if errors.Is(err, store.ErrRevoked) { // signed out since
		return fresh, nil
	}
	return id, err
}
