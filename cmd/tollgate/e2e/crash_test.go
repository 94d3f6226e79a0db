package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

const crashes = 200

// A killed process loses nothing that it acknowledged, and issues nothing twice: everything rests
// in Redis, which here writes every change to disk before it answers.
func TestKill_AtAnyPointLosesNothingAcknowledgedAndIssuesNothingTwice(t *testing.T) {
	n := StartServe(t, redistest.Start(t, "--appendfsync", "always").Addr)
	apps := n.Seed(t)
	c := &customer{node: n, apps: apps, alice: NewBrowser(DemoUser, DemoPassword), lost: map[string]int{}}
	jwks := n.Get("/.well-known/jwks.json").Want(t, 200)
	usual := c.warmUp(t)

	start := time.Now()
	for i := range crashes {
		if i%20 == 0 {
			c.alice = NewBrowser(DemoUser, DemoPassword) // so that kills hit logins, too
		}
		flow := make(chan error, 1)
		go func() { flow <- c.flow() }()
		time.Sleep(time.Duration(rand.Int64N(int64(usual))))
		n.Kill()
		n.Start()
		if err := <-flow; err != nil {
			t.Fatalf("flow %d: %v\n%s", i, err, n.Logs())
		}
	}
	n.AwaitReady()
	if again := n.Get("/.well-known/jwks.json").Want(t, 200); string(again.Body) != string(jwks.Body) {
		t.Error("the key set changed")
	}
	for what, want := range map[string]int{"authorize": 1, "code": 1, "refresh": 1} {
		if c.lost[what] < want {
			t.Errorf("no kill hit a request for %s: the test tests nothing", what)
		}
	}
	c.checkAll(t)
	t.Logf("%d kills in %d flows: %d authorize, %d code and %d refresh attempts went unanswered, %d codes were spent without an answer; "+
		"all %d acknowledged access tokens and %d families are alive; %s",
		crashes, len(c.kept), c.lost["authorize"], c.lost["code"], c.lost["refresh"], c.spent, c.accessTokens(), len(c.kept), time.Since(start).Round(time.Millisecond))
}

// customer is a client that never gives up, and remembers all it was told.
type customer struct {
	node  *Node
	apps  Apps
	alice *Browser
	kept  []acknowledged
	lost  map[string]int // attempts that got no answer, by what they asked for
	spent int            // codes whose answer was lost after the fact
}

// acknowledged is what one flow was told.
type acknowledged struct {
	code, verifier string
	access         []string
	refresh        string
}

// warmUp measures how long a flow takes that nobody disturbs: the fastest of six, lest kills come too late
// because the machine stood still once.
func (c *customer) warmUp(t *testing.T) time.Duration {
	t.Helper()
	fastest := time.Hour
	for range 6 {
		start := time.Now()
		if err := c.flow(); err != nil {
			t.Fatal("undisturbed: ", err)
		}
		fastest = min(fastest, time.Since(start))
	}
	return fastest
}

// flow is a login that is used for a while: code, tokens, three refreshes.
func (c *customer) flow() error {
	tokens, got, err := c.signIn()
	if err != nil {
		return err
	}
	got.access = append(got.access, tokens.Access)
	got.refresh = tokens.Refresh
	for i := range 3 {
		next, err := c.refresh(got.refresh)
		if err != nil {
			return fmt.Errorf("refresh %d: %w", i+1, err)
		}
		got.access = append(got.access, next.Access)
		got.refresh = next.Refresh
	}
	c.kept = append(c.kept, got)
	return nil
}

// signIn gets tokens by a code. A code that was spent while its answer was lost costs another one.
func (c *customer) signIn() (Tokens, acknowledged, error) {
	for range 5 {
		code, verifier, err := c.code()
		if err != nil {
			return Tokens{}, acknowledged{}, err
		}
		tokens, lost := c.untilAnswered("code", func() Tokens { return c.node.Exchange(c.apps.Web, code, verifier) })
		switch {
		case tokens.Status == 200:
			return tokens, acknowledged{code: code, verifier: verifier}, nil
		case lost == 0 || tokens.Status != 400:
			return Tokens{}, acknowledged{}, fmt.Errorf("an acknowledged code is refused: %d %s %v", tokens.Status, tokens.Body, tokens.Err)
		}
		c.spent++
	}
	return Tokens{}, acknowledged{}, fmt.Errorf("five codes in a row were spent without an answer")
}

// code goes through /authorize. Once a browser has come back with a code, it is signed in, and
// nothing is asked again.
func (c *customer) code() (code, verifier string, err error) {
	known := c.alice.Forms
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); {
		asked := c.node.Ask(c.apps.Web)
		code, err = c.alice.Code(c.node, c.apps.Web, asked)
		if err == nil {
			if c.alice.SignedIn && c.alice.Forms != known {
				return "", "", fmt.Errorf("a login or a consent was lost")
			}
			c.alice.SignedIn = true
			return code, asked.Verifier, nil
		}
		c.lost["authorize"]++
		time.Sleep(2 * time.Millisecond)
	}
	return "", "", fmt.Errorf("authorize: %w", err)
}

// refresh rotates, and retries as a phone does that saw no answer; then once more, to see that the
// successor is the same.
func (c *customer) refresh(old string) (Tokens, error) {
	next, _ := c.untilAnswered("refresh", func() Tokens { return c.node.Refresh(c.apps.Web, old) })
	if next.Status != 200 {
		return next, fmt.Errorf("an acknowledged refresh token is refused: %d %s %v", next.Status, next.Body, next.Err)
	}
	again, _ := c.untilAnswered("refresh", func() Tokens { return c.node.Refresh(c.apps.Web, old) })
	if again.Status != 200 || again.Refresh != next.Refresh {
		return next, fmt.Errorf("a retry did not get the identical successor: %d %s %v", again.Status, again.Body, again.Err)
	}
	return next, nil
}

// untilAnswered repeats a request until it is answered, and counts how often it was not. 503 is
// what a node says that has just started.
func (c *customer) untilAnswered(what string, call func() Tokens) (got Tokens, lost int) {
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if got = call(); got.Status != 0 && got.Status != 503 {
			return got, lost
		}
		lost++
		c.lost[what]++
	}
	return got, lost
}

func (c *customer) accessTokens() (n int) {
	for _, got := range c.kept {
		n += len(got.access)
	}
	return n
}

// checkAll fails unless all that was acknowledged is good, and none of it was issued twice.
func (c *customer) checkAll(t *testing.T) {
	t.Helper()
	if live := len(c.node.Grants(t, DemoUser)); live != len(c.kept) {
		t.Errorf("%d grants are alive, want the %d that were acknowledged", live, len(c.kept))
	}
	for i, got := range c.kept {
		wantGood(t, c.apps, []*Node{c.node}, got.access...)
		c.node.Refresh(c.apps.Web, got.refresh).Want(t, 200)
		if again := c.node.Exchange(c.apps.Web, got.code, got.verifier); again.Status != 400 {
			t.Fatalf("flow %d: the code gave a second answer: %d", i, again.Status)
		}
		wantRefused(t, c.apps, c.node, got.access[0]) // RFC 6749 4.1.2
	}
}
