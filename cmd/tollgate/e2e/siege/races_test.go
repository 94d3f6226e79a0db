//go:build siege

package siege

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

const (
	racers     = 100
	raceRounds = 10_000
	raceTime   = 180 * time.Second            // of one race; how many rounds there were by then stands in the table
	hereTime   = 500 * time.Millisecond       // for what one node has acknowledged to be known on the other
	plainScope = "offline_access orders:read" // without an id_token, which would only cost time here
)

// track is two nodes on one Redis.
type track struct {
	nodes []*e2e.Node
	apps  e2e.Apps
	web   e2e.App // that asks for plainScope
}

func newTrack(t *testing.T, env ...string) *track {
	t.Helper()
	redis := redistest.Start(t)
	first := e2e.StartServe(t, redis.Addr, append([]string{"TOLLGATE_TOKENS__SIGNING_ALG=EdDSA", "TOLLGATE_LOG__LEVEL=error"}, env...)...)
	k := &track{nodes: []*e2e.Node{first, first.Peer()}, apps: first.Seed(t)}
	k.web = k.apps.Web
	k.web.Scope = plainScope
	return k
}

// node is whom a caller asks: they take turns.
func (k *track) node(caller int) *e2e.Node { return k.nodes[caller%len(k.nodes)] }

// together lets all callers call at the same instant.
func together(callers int, call func(i int)) {
	var start, ready, done sync.WaitGroup
	start.Add(1)
	for i := range callers {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			start.Wait()
			call(i)
		})
	}
	ready.Wait()
	start.Done()
	done.Wait()
}

// race runs rounds until there were enough, or no more time, or one fails the test.
func race(t *testing.T, id string, most int, round func(i int) string) {
	t.Helper()
	want := min(most, size(t, "SIEGE_ROUNDS", raceRounds))
	start := time.Now()
	odd := map[string]int{}
	rounds := 0
	for ; rounds < want && time.Since(start) < raceTime; rounds++ {
		if what := round(rounds); what != "" {
			odd[what]++
		}
	}
	if len(odd) > 0 {
		t.Errorf("rounds that went wrong: %v", odd)
	}
	wrong := 0
	for _, n := range odd {
		wrong += n
	}
	record(t, id, wrong == 0 && rounds > 0, "%d rounds x %d callers on 2 nodes in %s: %d went wrong", rounds, racers, short(time.Since(start)), wrong)
}

// RFC 6749 4.1.2: a click on a consent makes a code, a hundred clicks make the same.
func TestRace_R1_Consents(t *testing.T) {
	k := newTrack(t)
	alice := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	race(t, "R1", raceRounds, func(i int) string {
		asked := k.node(i).Ask(k.web, "prompt", "consent")
		form, err := alice.Consent(asked.URL)
		if err != nil {
			t.Fatal(err)
		}
		form.Fields.Set("decision", "allow")
		codes := make([]string, racers)
		together(racers, func(i int) { codes[i] = k.click(alice, form, k.node(i)) })
		for _, code := range codes {
			if code == "" || code != codes[0] {
				return "two codes, or none"
			}
		}
		if got := k.node(i+1).Exchange(k.web, codes[0], asked.Verifier); got.Status != 200 {
			return fmt.Sprintf("the code is answered %d", got.Status)
		}
		return ""
	})
}

// click submits a form to a node, and returns the code that comes back.
func (k *track) click(b *e2e.Browser, form *e2e.Form, n *e2e.Node) string {
	r := form.Request()
	r.URL.Host = strings.TrimPrefix(n.URL, "http://")
	r.Host = r.URL.Host
	for _, c := range b.Cookies(n) {
		r.AddCookie(c)
	}
	a := e2e.Do(r)
	location, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != http.StatusSeeOther {
		return ""
	}
	return location.Query().Get("code")
}

// RFC 7009 2.1: after a revocation nothing of the grant is good, whatever was asked meanwhile.
func TestRace_R2_Revocations(t *testing.T) {
	k := newTrack(t)
	alice := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	race(t, "R2", raceRounds, func(i int) string {
		first := alice.Login(t, k.node(i), k.web)
		tokens := make([]e2e.Tokens, racers)
		revoked := 0
		together(racers, func(i int) {
			n := k.node(i)
			switch {
			case i == racers/2:
				revoked = n.Revoke(k.web, first.Refresh).Status
			case i%3 == 0:
				tokens[i] = n.Refresh(k.web, first.Refresh)
			case i%3 == 1:
				tokens[i].Answer = n.Validate(first.Access, "")
			default:
				tokens[i].Answer = n.Introspect(k.apps.Gateway, first.Access)
			}
		})
		if revoked != 200 {
			return fmt.Sprintf("the revocation is answered %d", revoked)
		}
		for i, got := range tokens {
			if i != racers/2 && got.Status != 200 && got.Status != 400 && got.Status != 401 {
				return fmt.Sprintf("an answer is %d %v", got.Status, got.Err)
			}
		}
		return k.dead(append(tokens, first))
	})
}

// dead says what of the tokens is still good.
func (k *track) dead(all []e2e.Tokens) string {
	seen := map[string]bool{}
	for _, tokens := range all {
		if tokens.Access == "" || seen[tokens.Access] {
			continue
		}
		seen[tokens.Access] = true
		for _, n := range k.nodes {
			start := time.Now()
			for n.Validate(tokens.Access, "").Status != 401 {
				if time.Since(start) > hereTime {
					return "an access token is good"
				}
			}
		}
	}
	for _, tokens := range all {
		if tokens.Refresh == "" || seen[tokens.Refresh] {
			continue
		}
		seen[tokens.Refresh] = true
		if got := k.nodes[0].Refresh(k.web, tokens.Refresh); got.Status != 400 {
			return fmt.Sprintf("a refresh token is answered %d", got.Status)
		}
	}
	return ""
}

const (
	disablings = 150 // rounds; each costs passwords to be hashed
	typing     = 4   // of the callers type a password, the others are signed in
)

// A user is disabled while some sign in and others, who have, get codes and tokens.
func TestRace_R3_DisabledUsers(t *testing.T) {
	k := newTrack(t)
	race(t, "R3", disablings, func(round int) string {
		username := fmt.Sprintf("mallory%d", round)
		k.node(0).AddUser(t, username, e2e.DemoPassword)
		in := e2e.NewBrowser(username, e2e.DemoPassword)
		first := in.Login(t, k.node(round), k.web)
		browsers := []*e2e.Browser{in}
		for range typing {
			browsers = append(browsers, e2e.NewBrowser(username, e2e.DemoPassword))
		}
		tokens := make([]e2e.Tokens, racers)
		disabled := 0
		together(racers, func(i int) {
			n, browser := k.node(i), in
			switch {
			case i == racers/2:
				time.Sleep(time.Duration(round%5) * 20 * time.Millisecond) // hashing takes most of a login
				disabled = n.Admin("POST", "/users/"+username+"/disable", nil).Status
				return
			case i < typing:
				browser = browsers[1+i]
			}
			asked := n.Ask(k.web)
			if code, err := browser.Code(n, k.web, asked); err == nil {
				tokens[i] = n.Exchange(k.web, code, asked.Verifier)
			}
		})
		if disabled != 200 {
			return fmt.Sprintf("the disabling is answered %d", disabled)
		}
		for _, b := range browsers {
			back, err := b.Visit(k.node(round).Ask(k.web, "prompt", "none").URL)
			if err != nil || back.Query().Get("error") != "login_required" {
				return "a session is good"
			}
		}
		return k.dead(append(tokens, first))
	})
}

const rotations = 100 // rounds; each makes keys, which stay published while tokens live

// Keys are rotated on both nodes at once while others get tokens from one and have the other check them.
func TestRace_R4_Rotations(t *testing.T) {
	k := newTrack(t, "TOLLGATE_TOKENS__ACCESS_TTL=30s")
	race(t, "R4", rotations, func(round int) string {
		answers := make([]string, racers)
		together(racers, func(i int) {
			n := k.node(i)
			if i < 4 {
				a := n.Admin("POST", "/keys/rotate", map[string]any{"alg": "EdDSA", "at_once": round%2 == 0})
				if a.Status != 204 {
					answers[i] = fmt.Sprintf("a rotation is answered %d", a.Status)
				}
				return
			}
			got := n.ClientCredentials(k.apps.Service)
			if got.Status != 200 {
				answers[i] = fmt.Sprintf("a token is answered %d", got.Status)
			} else if status := k.node(i+1).Validate(got.Access, "").Status; status != 200 {
				answers[i] = fmt.Sprintf("a new token is answered %d", status)
			}
		})
		for _, what := range answers {
			if what != "" {
				return what
			}
		}
		states := map[string]int{}
		for _, item := range k.nodes[0].Admin("GET", "/keys", nil).Want(t, 200).JSON()["items"].([]any) {
			if key := item.(map[string]any); key["alg"] == "EdDSA" {
				states[key["state"].(string)]++
			}
		}
		if states["active"] != 1 || states["next"] > 1 {
			return fmt.Sprintf("%d keys sign, %d follow", states["active"], states["next"])
		}
		return ""
	})
}
