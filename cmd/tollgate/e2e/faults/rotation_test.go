//go:build faults

package faults

import (
	"sync/atomic"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

const (
	rotations   = 1000
	rotateEvery = 100 * time.Millisecond
	// youngAge is how long tokens are checked; they live a little longer, and no longer, so that the
	// keys of a thousand rotations do not all stay in the set.
	youngAge = 8 * time.Second
)

// dated is a token and when it was issued.
type dated struct {
	token string
	at    time.Time
}

// young holds tokens that must be good for a while yet.
type young chan dated

func (y young) put(d dated) {
	if time.Since(d.at) < youngAge {
		select {
		case y <- d:
		default:
		}
	}
}

// take returns a token and leaves it there for others; false if it is too old by now.
func (y young) take() (string, bool) {
	d := <-y
	y.put(d)
	return d.token, time.Since(d.at) < youngAge
}

func TestFault_F39_KeysRotateAllTheTime(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, 3, redis.Addr, "TOLLGATE_TOKENS__ACCESS_TTL=20s")
	var issued, checked atomic.Int64
	tokens := make(young, 64)
	issue := func() e2e.Answer {
		at := time.Now()
		got := in.nodes[int(issued.Add(1))%3].ClientCredentials(in.apps.Service)
		if got.Status == 200 {
			tokens.put(dated{got.Access, at})
		}
		return got.Answer
	}
	check := func(ask func(n *e2e.Node, token string) e2e.Answer) func() e2e.Answer {
		return func() e2e.Answer {
			token, good := tokens.take()
			if !good {
				return issue()
			}
			return ask(in.nodes[int(checked.Add(1))%3], token)
		}
	}
	for range 3 {
		issue()
	}
	l := startLoad(t, 9, 3*time.Millisecond,
		call{"issue", issue},
		call{"check", check(func(n *e2e.Node, token string) e2e.Answer { return n.Validate(token, "") })},
		call{"check", check(func(n *e2e.Node, token string) e2e.Answer {
			return activeOr500(n.Introspect(in.apps.Gateway, token))
		})})
	start := time.Now()
	for i := range rotations {
		in.nodes[i%3].Admin("POST", "/keys/rotate", map[string]any{"alg": "EdDSA", "at_once": true}).Want(t, 204)
		time.Sleep(time.Until(start.Add(time.Duration(i+1) * rotateEvery)))
	}
	took := time.Since(start)
	all := l.stop()
	failed := all.only(func(s sample) bool { return s.answer.Status != 200 })
	honest := all.wantHonest(t, nil)
	record(t, "F39", honest && len(failed) == 0, "%d rotations at once in %s: %d tokens issued and %d checks on 3 nodes, failed: %s; slowest answer %s",
		rotations, took.Round(time.Second), issued.Load(), checked.Load(), failed.kinds(), ms(all.quantile(1)))
}
