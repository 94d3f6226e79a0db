package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
)

// together runs all calls at the same instant and returns when all are done.
func together(calls ...func()) {
	var start, done sync.WaitGroup
	start.Add(1)
	for _, call := range calls {
		done.Go(func() {
			start.Wait()
			call()
		})
	}
	start.Done()
	done.Wait()
}

// Rows 359 and 405.
func TestConsent_AHundredClicksOnAllowMakeOneCode(t *testing.T) {
	nodes, apps := twoNodes(t)
	const rounds = 50
	for round := range rounds {
		alice := NewBrowser(DemoUser, DemoPassword)
		asked := nodes[0].Ask(apps.Web, "prompt", "consent")
		form, err := alice.Consent(asked.URL)
		if err != nil {
			t.Fatal(err)
		}
		form.Fields.Set("decision", "allow")
		codes := clickTogether(t, alice, form, nodes)
		if len(codes) != 1 {
			t.Fatalf("round %d: %d codes", round, len(codes))
		}
		for code := range codes {
			nodes[1].Exchange(apps.Web, code, asked.Verifier).Want(t, 200)
			wantInvalidGrant(t, nodes[0].Exchange(apps.Web, code, asked.Verifier))
		}
	}
	t.Logf("%d rounds x %d clicks on 2 nodes: one code each", rounds, racers)
}

// Row 408.
func TestRevoke_LeavesNothingOfTheGrantWhateverRacedIt(t *testing.T) {
	nodes, apps := twoNodes(t)
	const rounds = 100
	alice := NewBrowser(DemoUser, DemoPassword)
	for range rounds {
		first := alice.Login(t, nodes[0], apps.Web)
		answers := []Tokens{first, {}, {}, {}}
		var revoked Answer
		together(
			func() { answers[1] = nodes[0].Refresh(apps.Web, first.Refresh) },
			func() { answers[2] = nodes[1].Refresh(apps.Web, first.Refresh) },
			func() { revoked = nodes[1].Revoke(apps.Web, first.Refresh) },
			func() { answers[3] = nodes[0].Refresh(apps.Web, first.Refresh) },
		)
		revoked.Want(t, 200)
		wantDead(t, apps, nodes, succeeded(t, answers, 400)...)
	}
	t.Logf("%d rounds of one revocation against three refreshes", rounds)
}

// Row 409.
func TestKeys_TwoNodesThatRotateLeaveOneKeyThatSignsAndOneThatFollows(t *testing.T) {
	nodes, apps := twoNodes(t)
	const rounds = 25
	for _, atOnce := range []bool{false, true} {
		for range rounds {
			var answers [4]Answer
			var calls []func()
			for i := range answers {
				calls = append(calls, func() {
					answers[i] = nodes[i%2].Admin("POST", "/keys/rotate", map[string]any{"alg": "EdDSA", "at_once": atOnce})
				})
			}
			together(calls...)
			for _, a := range answers {
				a.Want(t, 204)
			}
			for _, n := range nodes {
				tokens := n.ClientCredentials(apps.Service).Want(t, 200)
				wantGood(t, apps, nodes, tokens.Access)
			}
			if states := keyStates(t, nodes[0], "EdDSA"); states["active"] != 1 || states["next"] > 1 || !atOnce && states["next"] != 1 {
				t.Fatalf("at once %v: keys are %v", atOnce, states)
			}
		}
	}
}

// Row 410.
func TestUser_DisabledLeavesNoLoginThatRacedIt(t *testing.T) {
	nodes, apps := twoNodes(t)
	const rounds = 25
	issued := 0
	for round := range rounds {
		username := fmt.Sprintf("mallory%d", round)
		nodes[0].AddUser(t, username, DemoPassword)
		browsers := make([]*Browser, 4)
		answers := make([]Tokens, len(browsers))
		var disabled Answer
		var calls []func()
		signedIn := make(chan struct{})
		for i := range browsers {
			browsers[i] = NewBrowser(username, DemoPassword)
			calls = append(calls, func() {
				answers[i] = loginUnless(browsers[i], nodes[i%2], apps.Web)
				if i == 0 {
					close(signedIn)
				}
			})
		}
		calls = append(calls, func() {
			if round%2 == 1 { // hashing takes most of a login: every other round waits for one
				<-signedIn
			}
			disabled = nodes[0].Admin("POST", "/users/"+username+"/disable", nil)
		})
		together(calls...)
		disabled.Want(t, 200)
		for i, b := range browsers {
			if answers[i].Status == 200 {
				issued++
				wantDead(t, apps, nodes, answers[i])
			}
			wantSignedOut(t, b, nodes[i%2], apps.Web)
		}
	}
	t.Logf("%d rounds of four logins against one disabling; %d answers with tokens, all dead", rounds, issued)
}

// loginUnless is Login that may fail.
func loginUnless(b *Browser, n *Node, app App) Tokens {
	asked := n.Ask(app)
	code, err := b.Code(n, app, asked)
	if err != nil {
		return Tokens{}
	}
	return n.Exchange(app, code, asked.Verifier)
}

// wantSignedOut fails if the browser has a session.
func wantSignedOut(t *testing.T, b *Browser, n *Node, app App) {
	t.Helper()
	back, err := b.Visit(n.Ask(app, "prompt", "none").URL)
	if err != nil {
		t.Fatal(err)
	}
	if back.Query().Get("error") != "login_required" {
		t.Fatalf("the session lives: sent to %s", back)
	}
}

func TestClient_DisabledLeavesNoTokenThatRacedIt(t *testing.T) {
	nodes, apps := twoNodes(t)
	const rounds = 50
	issued := 0
	for round := range rounds {
		members := map[string]any{"client_id": fmt.Sprintf("robot%d", round), "grant_types": []string{"client_credentials"}, "scope": "orders:read"}
		robot := nodes[0].AddApp(t, members)
		members["disabled"] = true
		answers := make([]Tokens, 6)
		var disabled Answer
		calls := []func(){func() { disabled = nodes[0].PutClient(members) }}
		for i := range answers {
			calls = append(calls, func() { answers[i] = nodes[i%2].ClientCredentials(robot) })
		}
		together(calls...)
		disabled.Want(t, 200)
		for _, tokens := range succeeded(t, answers, 401) {
			issued++
			for _, n := range nodes {
				wantRefused(t, apps, n, tokens.Access)
			}
		}
	}
	t.Logf("%d rounds of six calls against one disabling; %d answers with tokens, all dead", rounds, issued)
}

func TestLogout_LeavesNoTokenThatRacedIt(t *testing.T) {
	nodes, apps := twoNodes(t)
	const rounds = 50
	for range rounds {
		alice := NewBrowser(DemoUser, DemoPassword)
		first := alice.Login(t, nodes[0], apps.Web)
		asked := nodes[0].Ask(apps.Web)
		code, err := alice.Code(nodes[0], apps.Web, asked)
		if err != nil {
			t.Fatal(err)
		}
		answers := []Tokens{first, {}, {}}
		together(
			func() { answers[1] = nodes[1].Exchange(apps.Web, code, asked.Verifier) },
			func() { answers[2] = nodes[0].Refresh(apps.Web, first.Refresh) },
			func() { err = alice.Logout(nodes[1], first.ID) },
		)
		if err != nil {
			t.Fatal(err)
		}
		wantDead(t, apps, nodes, succeeded(t, answers, 400)...)
		wantSignedOut(t, alice, nodes[0], apps.Web)
	}
	t.Logf("%d rounds of one logout against a code and a refresh", rounds)
}

// succeeded returns the answers that hold tokens; all others must be of that status.
func succeeded(t *testing.T, answers []Tokens, otherwise int) []Tokens {
	t.Helper()
	var good []Tokens
	for _, a := range answers {
		if a.Status == 200 {
			good = append(good, a)
		} else {
			a.Want(t, otherwise)
		}
	}
	return good
}

// clickTogether submits the form from all racers at once, to both nodes, and returns the codes that
// came back. Any other answer fails the test.
func clickTogether(t *testing.T, b *Browser, form *Form, nodes []*Node) map[string]bool {
	t.Helper()
	answers := make([]Answer, racers)
	calls := make([]func(), racers)
	for i := range calls {
		n := nodes[i%len(nodes)]
		calls[i] = func() {
			r := form.Request()
			r.URL.Host = request("GET", n.URL, nil).URL.Host
			r.Host = r.URL.Host
			answers[i] = Do(cookies(b, n, r))
		}
	}
	together(calls...)
	codes := map[string]bool{}
	for _, a := range answers {
		a.Want(t, http.StatusSeeOther)
		location, err := url.Parse(a.Header.Get("Location"))
		if err != nil || location.Query().Get("code") == "" {
			t.Fatalf("sent to %s", a.Header.Get("Location"))
		}
		codes[location.Query().Get("code")] = true
	}
	return codes
}

// keyStates counts the keys of an algorithm by state.
func keyStates(t *testing.T, n *Node, alg string) map[string]int {
	t.Helper()
	states := map[string]int{}
	for _, key := range keyItems(t, n) {
		if key["alg"] == alg {
			states[key["state"].(string)]++
		}
	}
	return states
}
