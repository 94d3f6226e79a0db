package e2e

import (
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
