//go:build faults

package faults

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"tollgate/redisx/redistest"
)

// A hundred callers race on two nodes for one credential, time after time. The second node's
// connections to Redis are cut in the middle of every tenth race.
const (
	races    = 10_000
	racers   = 100
	cutEvery = 10
	raceTime = 5 * time.Minute // of each; what is not reached by then is said in the table
)

// track is two nodes and callers that cost little beside them.
type track struct {
	in      *installation
	proxy   *redistest.Proxy // before the second node's Redis
	callers []*fasthttp.HostClient
}

func newTrack(t *testing.T) *track {
	t.Helper()
	redis := redistest.Start(t)
	proxy := redistest.StartProxy(t, redis.Addr)
	in := install(t, 1, redis.Addr, "TOLLGATE_LOG__LEVEL=error")
	far := in.nodes[0].NewPeer(proxy.Addr)
	far.Start()
	far.AwaitReady()
	in.nodes = append(in.nodes, far)
	k := &track{in: in, proxy: proxy}
	for _, n := range in.nodes {
		host := strings.TrimPrefix(n.URL, "http://")
		k.callers = append(k.callers, &fasthttp.HostClient{Addr: host, MaxConns: racers, ReadTimeout: 20 * time.Second})
	}
	return k
}

// finish is what a caller was told.
type finish struct {
	status  int
	refresh string
	err     error
}

// race lets all callers ask for the same at the same instant, half of them each node. If it is a
// round of cuts, the second node loses its connections meanwhile.
func (k *track) race(round int, pairs ...string) []finish {
	form := url.Values{"client_id": {k.in.web.ID}, "client_secret": {k.in.web.Secret}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	body := []byte(form.Encode())
	if cuts(round) {
		cut := time.AfterFunc(time.Duration(rand.Int64N(int64(5*time.Millisecond))), k.proxy.Cut)
		defer cut.Stop()
	}
	numbers := make([]int, racers)
	for i := range numbers {
		numbers[i] = i
	}
	return atOnce(numbers, func(i int) finish { return k.call(k.callers[i%len(k.callers)], body) })
}

func cuts(round int) bool { return round%cutEvery == 0 }

func (k *track) call(caller *fasthttp.HostClient, body []byte) finish {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.Header.SetMethod("POST")
	request.Header.SetContentType("application/x-www-form-urlencoded")
	request.SetRequestURI("http://" + caller.Addr + "/token")
	request.SetBodyRaw(body)
	if err := caller.Do(request, response); err != nil {
		return finish{err: err}
	}
	_, rest, _ := bytes.Cut(response.Body(), []byte(`"refresh_token":"`))
	token, _, _ := bytes.Cut(rest, []byte(`"`))
	return finish{status: response.StatusCode(), refresh: string(token)}
}

// score is what came of many races.
type score struct {
	rounds, winners, cut int
	unanswered           int // rounds whose only success no caller was told of
	twice                int // rounds with two successes, or two successors
	odd                  map[string]int
	took                 time.Duration
}

func (s *score) strange(round int, f finish) {
	s.odd[fmt.Sprintf("round %d (cut: %t): %d %v", round, cuts(round), f.status, f.err)]++
}

func (s score) String() string {
	return fmt.Sprintf("%d races in %s, connections cut in %d: one success in %d, none told of it in %d, two in %d, other answers %d",
		s.rounds, s.took.Round(time.Second), s.cut, s.winners, s.unanswered, s.twice, len(s.odd))
}

// run races until there were enough. turn says how many successes, and of how many successors, a
// round had.
func (s *score) run(t *testing.T, turn func(round int) (successes, unsure int)) {
	t.Helper()
	s.odd = map[string]int{}
	start := time.Now()
	for ; s.rounds < races && time.Since(start) < raceTime; s.rounds++ {
		successes, unsure := turn(s.rounds)
		if cuts(s.rounds) {
			s.cut++
		}
		switch {
		case successes == 1:
			s.winners++
		case successes > 1:
			s.twice++
		case unsure > 0:
			s.unanswered++
		default:
			s.odd[fmt.Sprintf("round %d: no success and no doubt", s.rounds)]++
		}
	}
	s.took = time.Since(start)
	if s.twice > 0 || len(s.odd) > 0 {
		t.Errorf("%d races had two successes; odd: %v", s.twice, s.odd)
	}
}

func (s *score) holds() bool {
	return s.rounds == races && s.twice == 0 && len(s.odd) == 0 && s.unanswered <= s.cut && s.winners+s.unanswered == races
}

func TestRaces_OfAHundredCallersOnTwoNodes(t *testing.T) {
	codes, refreshes := raceForCodes(t), raceForSuccessors(t)
	record(t, "R4", codes.holds() && refreshes.holds(), "codes: %s; refresh tokens: %s", codes, refreshes)
}

func raceForCodes(t *testing.T) (s score) {
	k := newTrack(t)
	s.run(t, func(round int) (successes, unsure int) {
		code, verifier := k.in.code(t, k.in.nodes[0])
		for _, f := range k.race(round, "grant_type", "authorization_code", "code", code, "code_verifier", verifier, "redirect_uri", k.in.web.RedirectURI) {
			switch f.status {
			case 200:
				successes++
			case 400:
			case 503:
				unsure++
			default:
				s.strange(round, f)
			}
		}
		return successes, unsure
	})
	return s
}

func raceForSuccessors(t *testing.T) (s score) {
	k := newTrack(t)
	current := k.in.alice.Login(t, k.in.nodes[0], k.in.web).Refresh
	s.run(t, func(round int) (successes, unsure int) {
		successors := map[string]bool{}
		for _, f := range k.race(round, "grant_type", "refresh_token", "refresh_token", current) {
			switch f.status {
			case 200:
				successors[f.refresh] = true
			case 503:
				unsure++
			default:
				s.strange(round, f)
			}
		}
		for next := range successors {
			current = next
		}
		return len(successors), unsure
	})
	return s
}
