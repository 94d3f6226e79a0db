package e2e

import (
	"testing"
	"time"
)

func refreshNodes(t *testing.T, window time.Duration) (a, b *Node, apps Apps) {
	t.Helper()
	a = StartServeOn(t, StartRedis(t), "TOLLGATE_TOKENS__REFRESH_REPLAY_WINDOW="+window.String())
	return a, a.Peer(), a.Seed(t)
}

func TestRefresh_RetriedInsideTheWindowReturnsTheIdenticalSuccessor(t *testing.T) {
	a, b, apps := refreshNodes(t, time.Minute)
	first := NewBrowser(DemoUser, DemoPassword).Login(t, a, apps.Web)
	second := a.Refresh(apps.Web, first.Refresh).Want(t, 200)
	for _, n := range []*Node{b, a, b} {
		again := n.Refresh(apps.Web, first.Refresh).Want(t, 200)
		if again.Refresh != second.Refresh {
			t.Fatalf("%v answers with another successor", n)
		}
		wantGood(t, apps, []*Node{a, b}, again.Access)
	}
	wantGood(t, apps, []*Node{a, b}, first.Access, second.Access)
	b.Refresh(apps.Web, second.Refresh).Want(t, 200)
}

func TestRefresh_ReusedAfterTheWindowEndsTheFamilyOnBothNodes(t *testing.T) {
	const window = time.Second
	a, b, apps := refreshNodes(t, window)
	first := NewBrowser(DemoUser, DemoPassword).Login(t, a, apps.Web)
	second := a.Refresh(apps.Web, first.Refresh).Want(t, 200)
	wantGood(t, apps, []*Node{a, b}, first.Access, second.Access)

	time.Sleep(window + 200*time.Millisecond)
	wantInvalidGrant(t, b.Refresh(apps.Web, first.Refresh))
	wantDead(t, apps, []*Node{a, b}, first, second)
}

func TestRefresh_ReusedAfterItsSuccessorWasUsedEndsTheFamilyOnBothNodes(t *testing.T) {
	a, b, apps := refreshNodes(t, time.Minute)
	first := NewBrowser(DemoUser, DemoPassword).Login(t, a, apps.Web)
	second := a.Refresh(apps.Web, first.Refresh).Want(t, 200)
	third := b.Refresh(apps.Web, second.Refresh).Want(t, 200)
	wantGood(t, apps, []*Node{a, b}, first.Access, second.Access, third.Access)

	wantInvalidGrant(t, a.Refresh(apps.Web, first.Refresh)) // well inside the window
	wantDead(t, apps, []*Node{a, b}, first, second, third)
}

// wantGood fails unless every node takes every access token.
func wantGood(t *testing.T, apps Apps, nodes []*Node, access ...string) {
	t.Helper()
	for _, n := range nodes {
		for i, token := range access {
			if a := n.Introspect(apps.Gateway, token); !a.Active() {
				t.Fatalf("%v: access token %d is not active: %d %s", n, i+1, a.Status, a.Body)
			}
			n.Validate(token, "").Want(t, 200)
		}
	}
}

// wantDead fails if any node takes any token of these answers. It looks first and uses last: a
// refresh token that is used again would itself end its family.
func wantDead(t *testing.T, apps Apps, nodes []*Node, answers ...Tokens) {
	t.Helper()
	for _, n := range nodes {
		for _, tokens := range answers {
			wantRefused(t, apps, n, tokens.Access)
			if tokens.Refresh != "" {
				wantInactive(t, n, apps.Gateway, tokens.Refresh)
			}
		}
	}
	for _, n := range nodes {
		for _, tokens := range answers {
			if tokens.Refresh != "" {
				wantInvalidGrant(t, n.Refresh(apps.Web, tokens.Refresh))
			}
		}
	}
}

// wantRefused fails if the node takes the access token anywhere.
func wantRefused(t *testing.T, apps Apps, n *Node, access string) {
	t.Helper()
	wantInactive(t, n, apps.Gateway, access)
	n.Validate(access, "").Want(t, 401)
	n.Userinfo(access).Want(t, 401)
}

func wantInactive(t *testing.T, n *Node, gateway App, token string) {
	t.Helper()
	// News of a revocation are on their way to the other nodes for a moment, on a busy machine for a longer one;
	// what a node never hears of it believes for longer than this.
	for deadline := time.Now().Add(2 * maxStale); ; {
		a := n.Introspect(gateway, token).Want(t, 200)
		if !a.Active() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v: the token is still active: %s", n, a.Body)
		}
	}
}

func wantInvalidGrant(t *testing.T, got Tokens) {
	t.Helper()
	got.Want(t, 400)
	if got.Text("error") != "invalid_grant" {
		t.Fatalf("answered %s, want invalid_grant", got.Body)
	}
}
