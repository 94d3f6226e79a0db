package flows

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func TestLogin_IsFreshThoughTheClockOfItsNodeIsBehind(t *testing.T) {
	check := func(behind time.Duration, want Next) {
		t.Helper()
		w := newWorld(t)
		b := w.newBrowser()
		r := request()
		r.Prompt = "login"
		step := w.authorize(b, r)
		w.pass(-behind) // the next request goes to another node
		if step = w.login(b, step.Interaction); step.Next != want {
			t.Errorf("a login on a node that is %s behind leads to %q", behind, step.Next)
		}
	}
	check(maxSkew, NextConsent)
	check(maxSkew+time.Second, NextLogin) // no session may be dated far ahead: it would be fresh for as long
}

func TestLogin_WrongIsWrongWhateverIsWrong(t *testing.T) {
	w := newWorld(t)
	if _, err := w.CreateUser(t.Context(), &oauth.User{Username: "off"}, "off-password"); err != nil {
		t.Fatal(err)
	}
	must(w.SetUserDisabled(t.Context(), "off", true))(t)
	for _, c := range [][2]string{{"alice", "wrong"}, {"nobody", "alice-password"}, {"off", "off-password"}, {"ALICE", "alice-password"}, {"alıce", "alice-password"}, {"", ""}, {"alice", strings.Repeat("x", 1<<20)}} { // rows 48, 353, 394
		_, _, err := w.Login(t.Context(), &LoginRequest{Browser: w.NewBrowser(), Username: c[0], Password: c[1]})
		if err != ErrWrongPassword {
			t.Errorf("%q: %v", c[0], err)
		}
	}
	step, session, err := w.Login(t.Context(), &LoginRequest{Browser: w.NewBrowser(), Username: "alice", Password: "alice-password"})
	if err != nil || step.Next != NextSignedIn {
		t.Fatal(step, err)
	}
	if name := must(w.SignedIn(t.Context(), session.Cookie))(t); name != "alice" {
		t.Errorf("signed in as %q", name)
	}
}

func TestLogin_ReplacesTheSessionOfBefore(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	w.walk(b, request())
	old := b.session
	r := request()
	r.Prompt = "login"
	w.login(b, w.authorize(b, r).Interaction)
	if name := must(w.SignedIn(t.Context(), old))(t); name != "" {
		t.Errorf("the cookie from before the login still opens %q", name)
	}
}

func TestLogout_EndsWhatEarlierLoginsGave(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	before := w.tokens(b)
	w.pass(time.Second)
	again := request()
	again.Prompt = "login"
	after := must(w.Token(t.Context(), redeem(w.walk(b, again).Get("code"))))(t)
	w.pass(time.Second)
	if s := must(w.Logout(t.Context(), &LogoutRequest{IDTokenHint: before.IDToken, Session: b.session}))(t); !s.SignedOut {
		t.Errorf("a client from before the second login proves nothing: %+v", s)
	}
	w.wantActive(false, before.AccessToken, after.AccessToken)
	for _, a := range []*TokenAnswer{before, after} {
		_, err := w.Token(t.Context(), refresh(a.RefreshToken))
		wantCode(t, err, oauth.CodeInvalidGrant)
	}
}

func TestLogout_EndsWhatEveryClickOfOneLoginGave(t *testing.T) {
	w := newWorld(t)
	w.tokens(w.newBrowser()) // alice agrees
	b := w.newBrowser()
	interaction := w.authorize(b, request()).Interaction
	clicks := make(chan *NewSession, 4)
	var code atomic.Value
	for range cap(clicks) {
		go func() {
			step, session, err := w.Login(t.Context(), &LoginRequest{Interaction: interaction, Browser: b.id, Username: DemoUser, Password: DemoPassword})
			if err != nil {
				t.Error(err)
			} else {
				code.Store(answer(t, step).Get("code")) // every click got the same
			}
			clicks <- session
		}()
	}
	var cookies []string
	for range cap(clicks) {
		if session := <-clicks; session != nil { // nil: the sign-in was finished already
			cookies = append(cookies, session.Cookie)
		}
	}
	a := must(w.Token(t.Context(), redeem(code.Load().(string))))(t)
	b.session = cookies[len(cookies)-1]
	must(w.Logout(t.Context(), &LogoutRequest{Session: b.session, Confirmed: true}))(t)
	w.wantActive(false, a.AccessToken, a.RefreshToken)
	for _, cookie := range cookies {
		if name := must(w.SignedIn(t.Context(), cookie))(t); name != "" {
			t.Errorf("one of %d cookies still opens %q", len(cookies), name)
		}
	}
	w.pass(time.Second)
	if w.login(b, w.authorize(b, request()).Interaction); must(w.SignedIn(t.Context(), b.session))(t) == "" {
		t.Error("nobody can sign in again")
	}
}

func TestLogin_AfterALogoutInBetweenIsASessionThatCounts(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	step := w.login(b, w.authorize(b, request()).Interaction)
	if step.Next != NextConsent {
		t.Fatal(step)
	}
	must(w.Logout(t.Context(), &LogoutRequest{Session: b.session, Confirmed: true}))(t) // in another tab
	w.pass(time.Second)
	if w.login(b, step.Interaction); must(w.SignedIn(t.Context(), b.session))(t) == "" {
		t.Error("the session is over as it begins")
	}
}

func TestLogin_OfSomebodyElseBeginsAnotherSession(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	alices := w.tokens(b)
	if _, err := w.CreateUser(t.Context(), &oauth.User{Username: "bob"}, "bob-password"); err != nil {
		t.Fatal(err)
	}
	_, bobs, err := w.Login(t.Context(), &LoginRequest{Browser: b.id, Session: b.session, Username: "bob", Password: "bob-password"})
	if err != nil {
		t.Fatal(err)
	}
	must(w.Logout(t.Context(), &LogoutRequest{Session: bobs.Cookie, Confirmed: true}))(t)
	w.wantActive(true, alices.AccessToken)
}

func TestLogout_AsksUnlessTheClientProvesItself(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	a := w.tokens(b)
	logout := func(r LogoutRequest) *LogoutStep {
		t.Helper()
		r.Session = b.session
		return must(w.Logout(t.Context(), &r))(t)
	}
	if s := logout(LogoutRequest{}); !s.Confirm || s.SignedOut || s.Username != DemoUser { // row 347
		t.Errorf("%+v", s)
	}
	if s := logout(LogoutRequest{IDTokenHint: a.IDToken[:len(a.IDToken)-8] + "AAAAAAAA"}); !s.Confirm { // row 346
		t.Errorf("a forged hint: %+v", s)
	}
	other := w.newBrowser()
	if s := logout(LogoutRequest{IDTokenHint: w.tokens(other).IDToken}); !s.Confirm { // row 346
		t.Errorf("another session's hint: %+v", s)
	}
	for _, bad := range []LogoutRequest{
		{PostLogoutRedirectURI: "https://evil.example"}, {ClientID: "web", PostLogoutRedirectURI: "https://web.example/bye/"},
		{IDTokenHint: a.IDToken, ClientID: "demo-web"},
	} {
		bad.Session = b.session
		_, err := w.Logout(t.Context(), &bad)
		wantCode(t, err, oauth.CodeInvalidRequest) // row 84
	}
	w.pass(time.Hour) // row 346: expired, and ours
	s := logout(LogoutRequest{IDTokenHint: a.IDToken, PostLogoutRedirectURI: "https://web.example/bye", State: "x y"})
	if !s.SignedOut || s.URL != "https://web.example/bye?state=x+y" {
		t.Errorf("%+v", s)
	}
	if name := must(w.SignedIn(t.Context(), b.session))(t); name != "" {
		t.Error("row 348: the old cookie still works")
	}
	_, err := w.Token(t.Context(), refresh(a.RefreshToken))
	wantCode(t, err, oauth.CodeInvalidGrant)
}
