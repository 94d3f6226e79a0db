package e2e

import (
	"sync"
	"testing"
	"time"
)

const racers = 100

// rounds is how often the racers meet; the fault suite has ten times as many.
func rounds() int {
	if testing.Short() {
		return 200
	}
	return 1000
}

// plainScope has no id_token, which would only cost time here.
const plainScope = "offline_access orders:read"

// race lets all racers call at the same instant and returns what each got. Callers take turns
// between the nodes.
func race(nodes []*Node, call func(n *Node) Tokens) []Tokens {
	var start, ready, done sync.WaitGroup
	got := make([]Tokens, racers)
	start.Add(1)
	for i := range got {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			start.Wait()
			got[i] = call(nodes[i%len(nodes)])
		})
	}
	ready.Wait()
	start.Done()
	done.Wait()
	return got
}

// twoNodes runs two nodes on a Redis of their own that sign fast: a race asks for 100,000 tokens.
func twoNodes(t *testing.T, env ...string) ([]*Node, Apps) {
	t.Helper()
	a := StartServeOn(t, StartRedis(t), append(env, "TOLLGATE_TOKENS__SIGNING_ALG=EdDSA")...)
	return []*Node{a, a.Peer()}, a.Seed(t)
}

// RFC 6749 4.1.2: a code is good once. Row 399.
func TestCode_OfRacingCallersOnTwoNodesExactlyOneGetsTokens(t *testing.T) {
	nodes, apps := twoNodes(t)
	web := apps.Web
	web.Scope = plainScope
	alice := NewBrowser(DemoUser, DemoPassword)
	start := time.Now()
	rounds := rounds()
	for round := range rounds {
		asked := nodes[round%2].Ask(web)
		code, err := alice.Code(nodes[round%2], web, asked)
		if err != nil {
			t.Fatalf("round %d: authorize: %v", round, err)
		}
		winners := 0
		for _, got := range race(nodes, func(n *Node) Tokens { return n.Exchange(web, code, asked.Verifier) }) {
			switch {
			case got.Status == 200 && got.Access != "":
				winners++
			case got.Status != 400 || got.Text("error") != "invalid_grant":
				t.Fatalf("round %d: a loser was answered %d: %s %v", round, got.Status, got.Body, got.Err)
			}
		}
		if winners != 1 {
			t.Fatalf("round %d: %d callers got tokens, want 1", round, winners)
		}
	}
	if alice.Forms != 2 {
		t.Errorf("alice filled in %d forms, want a login and a consent", alice.Forms)
	}
	t.Logf("%d rounds x %d callers on 2 nodes: one success a round, %d requests in %s", rounds, racers, rounds*racers, time.Since(start).Round(time.Millisecond))
}

// RFC 9700 4.14.2 with a replay window: racing callers are one client that retries.
func TestRefresh_RacingCallersOnTwoNodesGetOneSuccessor(t *testing.T) {
	nodes, apps := twoNodes(t)
	web := apps.Web
	web.Scope = plainScope
	current := NewBrowser(DemoUser, DemoPassword).Login(t, nodes[0], web).Refresh
	seen := map[string]bool{current: true}
	start := time.Now()
	rounds := rounds()
	for round := range rounds {
		answers := race(nodes, func(n *Node) Tokens { return n.Refresh(web, current) })
		successor := answers[0].Refresh
		for _, got := range answers {
			if got.Status != 200 || got.Access == "" {
				t.Fatalf("round %d: answered %d: %s %v", round, got.Status, got.Body, got.Err)
			}
			if got.Refresh != successor {
				t.Fatalf("round %d: two successors", round)
			}
		}
		if seen[successor] {
			t.Fatalf("round %d: the successor is a token from before", round)
		}
		seen[successor] = true
		current = successor
	}
	if len(seen) != rounds+1 {
		t.Errorf("%d tokens in the family, want %d", len(seen), rounds+1)
	}
	t.Logf("%d rounds x %d callers on 2 nodes: one successor a round, %d requests in %s", rounds, racers, rounds*racers, time.Since(start).Round(time.Millisecond))
}
