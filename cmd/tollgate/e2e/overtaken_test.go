package e2e

import (
	"fmt"
	"testing"
)

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
