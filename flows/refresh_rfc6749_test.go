package flows

import (
	"sync"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func TestRefresh_RetryInsideTheWindowGetsTheIdenticalSuccessor(t *testing.T) {
	w := newWorld(t)
	first := w.tokens(w.newBrowser())
	second := must(w.Token(t.Context(), refresh(first.RefreshToken)))(t)
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Fatal("nothing was rotated")
	}
	w.pass(9 * time.Second)
	again := must(w.Token(t.Context(), refresh(first.RefreshToken)))(t) // row 172
	if again.RefreshToken != second.RefreshToken {
		t.Error("the retry got another successor")
	}
	if !w.saw(EventRefreshReplayed) || w.saw(EventRefreshReused) {
		t.Error("the retry was not told apart from a theft")
	}
	must(w.Token(t.Context(), refresh(second.RefreshToken)))(t)
}

func TestRefresh_RetryAfterTheWindowEndsTheFamily(t *testing.T) {
	w := newWorld(t)
	first := w.tokens(w.newBrowser())
	second := must(w.Token(t.Context(), refresh(first.RefreshToken)))(t)
	w.pass(11 * time.Second)
	_, err := w.Token(t.Context(), refresh(first.RefreshToken)) // rows 161, 173
	wantCode(t, err, oauth.CodeInvalidGrant)
	w.wantActive(false, first.AccessToken, second.AccessToken, second.RefreshToken)
	_, err = w.Token(t.Context(), refresh(second.RefreshToken))
	wantCode(t, err, oauth.CodeInvalidGrant)
	if !w.saw(EventRefreshReused) {
		t.Error("no security event")
	}
}

func TestRefresh_RetryAfterTheSuccessorWasUsedEndsTheFamily(t *testing.T) {
	w := newWorld(t)
	first := w.tokens(w.newBrowser())
	second := must(w.Token(t.Context(), refresh(first.RefreshToken)))(t)
	third := must(w.Token(t.Context(), refresh(second.RefreshToken)))(t)
	_, err := w.Token(t.Context(), refresh(first.RefreshToken)) // rows 163, 173
	wantCode(t, err, oauth.CodeInvalidGrant)
	w.wantActive(false, first.AccessToken, third.AccessToken, third.RefreshToken)
}

func TestRefresh_WindowZeroMeansNever(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.ReplayWindow = 0 })
	first := w.tokens(w.newBrowser())
	must(w.Token(t.Context(), refresh(first.RefreshToken)))(t)
	w.pass(time.Millisecond)
	_, err := w.Token(t.Context(), refresh(first.RefreshToken))
	wantCode(t, err, oauth.CodeInvalidGrant)
}

func TestRefresh_RacingCallersAllGetOneSuccessor(t *testing.T) {
	w := newWorld(t)
	first := w.tokens(w.newBrowser())
	var mu sync.Mutex
	successors := map[string]int{}
	var wg sync.WaitGroup
	for range 100 { // row 162
		wg.Go(func() {
			a, err := w.Token(t.Context(), refresh(first.RefreshToken))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			successors[a.RefreshToken]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(successors) != 1 {
		t.Errorf("%d different successors", len(successors))
	}
}

func TestRefresh_IsBoundToItsClientAndCannotBeGuessed(t *testing.T) {
	w := newWorld(t)
	first := w.tokens(w.newBrowser())
	r := refresh(first.RefreshToken)
	r.Client = basic("demo-web", "demo-web-secret")
	_, err := w.Token(t.Context(), r) // row 167
	wantCode(t, err, oauth.CodeInvalidGrant)
	forged := []byte(first.RefreshToken)
	forged[len(forged)-3] ^= 1
	for _, bad := range []string{string(forged), first.RefreshToken + "A", first.AccessToken, "x"} {
		_, err := w.Token(t.Context(), refresh(bad))
		wantCode(t, err, oauth.CodeInvalidGrant)
	}
	_, err = w.Token(t.Context(), refresh(""))
	wantCode(t, err, oauth.CodeInvalidRequest)
	must(w.Token(t.Context(), refresh(first.RefreshToken)))(t) // none of it harmed the family
}

func TestRefresh_ScopeNarrowsAndWidensBackButNeverGrows(t *testing.T) {
	w := newWorld(t)
	first := w.tokens(w.newBrowser())
	r := refresh(first.RefreshToken)
	r.Scope = "openid email" // row 166
	_, err := w.Token(t.Context(), r)
	wantCode(t, err, oauth.CodeInvalidScope)
	r.Scope = "orders:read"
	narrow := must(w.Token(t.Context(), r))(t)
	if narrow.Scope != "orders:read" || narrow.IDToken != "" {
		t.Errorf("answer %+v", narrow)
	}
	r = refresh(narrow.RefreshToken)
	r.Scope = "orders:read profile"
	if wide := must(w.Token(t.Context(), r))(t); wide.Scope != r.Scope {
		t.Errorf("scope %q", wide.Scope)
	}
}

func TestRefresh_EndsAtItsAbsoluteLifetime(t *testing.T) {
	w := newWorld(t)
	tok := w.tokens(w.newBrowser()).RefreshToken
	for range 3 { // row 169: rotation does not move the end
		w.pass(9 * 24 * time.Hour)
		tok = must(w.Token(t.Context(), refresh(tok)))(t).RefreshToken
	}
	w.pass(4 * 24 * time.Hour)
	_, err := w.Token(t.Context(), refresh(tok))
	wantCode(t, err, oauth.CodeInvalidGrant)
}

func TestRefresh_EndsWithWhatItHangsOn(t *testing.T) {
	for name, end := range map[string]func(w *world, b *browser) error{
		"row 168: user disabled": func(w *world, _ *browser) error {
			_, err := w.SetUserDisabled(w.t.Context(), DemoUser, true)
			return err
		},
		"row 168: password changed": func(w *world, _ *browser) error {
			_, err := w.SetPassword(w.t.Context(), DemoUser, "another-password")
			return err
		},
		"row 168: consent withdrawn": func(w *world, _ *browser) error { return w.RevokeGrants(w.t.Context(), DemoUser, "web") },
		"user deleted":               func(w *world, _ *browser) error { return w.DeleteUser(w.t.Context(), DemoUser) },
		"client's grants revoked":    func(w *world, _ *browser) error { return w.RevokeGrants(w.t.Context(), "", "web") },
		"row 348: logout": func(w *world, b *browser) error {
			_, err := w.Logout(w.t.Context(), &LogoutRequest{Session: b.session, Confirmed: true})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.newBrowser()
			a := w.tokens(b)
			w.pass(time.Second)
			if err := end(w, b); err != nil {
				t.Fatal(err)
			}
			w.wantActive(false, a.AccessToken, a.RefreshToken) // row 206
			_, err := w.Token(t.Context(), refresh(a.RefreshToken))
			wantCode(t, err, oauth.CodeInvalidGrant)
		})
	}
}

func TestRefresh_ClientDisabledOrDeleted(t *testing.T) {
	for name, end := range map[string]func(w *world) error{
		"disabled": func(w *world) error {
			c := must(w.GetClient(w.t.Context(), "web"))(w.t)
			c.Disabled = true
			_, err := w.UpdateClient(w.t.Context(), c)
			return err
		},
		"deleted": func(w *world) error { return w.DeleteClient(w.t.Context(), "web") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.tokens(w.newBrowser())
			w.pass(time.Second)
			if err := end(w); err != nil {
				t.Fatal(err)
			}
			w.wantActive(false, a.AccessToken, a.RefreshToken)
			_, err := w.Token(t.Context(), refresh(a.RefreshToken)) // row 141
			wantCode(t, err, oauth.CodeInvalidClient)
		})
	}
}
