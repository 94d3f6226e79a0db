//go:build faults

package faults

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// How many replies are lost, of codes and of refresh tokens, and by how many callers at once.
const (
	lostReplies = 10_000
	lostBatch   = 250
	lostTime    = 3 * time.Minute // of each; what is not reached by then is said in the table
)

// atOnce lets as many callers as there are items call at the same instant.
func atOnce[T, A any](items []T, call func(T) A) []A {
	answers := make([]A, len(items))
	var callers sync.WaitGroup
	for i, item := range items {
		callers.Go(func() { answers[i] = call(item) })
	}
	callers.Wait()
	return answers
}

// lossy is a node whose replies from Redis the proxy loses on demand, and one that sees all.
func lossy(t *testing.T) (*redistest.Server, *redistest.Proxy, *installation, *e2e.Node) {
	t.Helper()
	redis := redistest.Start(t)
	proxy := redistest.StartProxy(t, redis.Addr)
	in := install(t, 1, redis.Addr, "TOLLGATE_LOG__LEVEL=error")
	far := in.nodes[0].NewPeer(proxy.Addr)
	far.Start()
	far.AwaitReady()
	return redis, proxy, in, far
}

// usable returns once the node serves again after its connections were cut.
func usable(t *testing.T, in *installation, n *e2e.Node) {
	t.Helper()
	if until(10*time.Second, func() bool { return n.ClientCredentials(in.apps.Service).Status == 200 }) < 0 {
		t.Fatal("the node does not come back")
	}
}

type handedOut struct{ code, verifier string }

// A code stays single-use: whoever saw no answer gets another code, nobody gets a second answer.
func TestFault_F13_RepliesAreLost_Codes(t *testing.T) {
	_, proxy, in, far := lossy(t)
	browsers := make([]*e2e.Browser, 8)
	for i := range browsers {
		browsers[i] = e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	}
	lost, tried, doubled, start := 0, 0, 0, time.Now()
	for lost < lostReplies && time.Since(start) < lostTime {
		codes := authorize(t, in, browsers)
		usable(t, in, far)
		proxy.DropReplies("EVALSHA")
		first := atOnce(codes, func(c handedOut) e2e.Tokens { return far.Exchange(in.web, c.code, c.verifier) })
		proxy.Pass()
		second := atOnce(codes, func(c handedOut) e2e.Tokens { return in.nodes[0].Exchange(in.web, c.code, c.verifier) })
		tried += len(codes)
		for i := range codes {
			switch {
			case first[i].Status == 200 && second[i].Status == 200:
				doubled++
			case first[i].Status != 200 && second[i].Status == 400:
				lost++ // it was spent, and nobody was told
			}
			if first[i].Status != 200 && first[i].Status != 503 {
				t.Errorf("a lost reply is answered %d: %s", first[i].Status, first[i].Body)
			}
		}
	}
	if doubled > 0 {
		t.Errorf("%d codes gave two answers", doubled)
	}
	lostCodes.lost, lostCodes.tried, lostCodes.doubled = lost, tried, doubled
}

// lostCodes is what the first half of F13 measured, for the line of both.
var lostCodes struct{ lost, tried, doubled int }

// authorize gets a batch of codes.
func authorize(t *testing.T, in *installation, browsers []*e2e.Browser) []handedOut {
	t.Helper()
	parts := atOnce(browsers, func(b *e2e.Browser) []handedOut {
		var codes []handedOut
		for len(codes) < lostBatch/len(browsers) {
			asked := in.nodes[0].Ask(in.web)
			code, err := b.Code(in.nodes[0], in.web, asked)
			if err != nil {
				t.Error("authorize: ", err)
				return codes
			}
			codes = append(codes, handedOut{code, asked.Verifier})
		}
		return codes
	})
	var all []handedOut
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// An honest retry inside the window succeeds, and everybody gets the one successor.
func TestFault_F13_RepliesAreLost_RefreshTokens(t *testing.T) {
	redis, proxy, in, far := lossy(t)
	tokens := make([]string, lostBatch)
	for i := range tokens {
		tokens[i] = in.alice.Login(t, in.nodes[0], in.web).Refresh
	}
	lost, retries, succeeded, doubled, start := 0, 0, 0, 0, time.Now()
	for lost < lostReplies && time.Since(start) < lostTime {
		usable(t, in, far)
		begin := time.Now()
		proxy.DropReplies("EVALSHA")
		first := atOnce(tokens, func(token string) e2e.Tokens { return far.Refresh(in.web, token) })
		proxy.Pass()
		lost += rotatedSince(t, redis, begin) - answered(first)
		retry := func(token string) e2e.Tokens {
			return patiently(func() e2e.Tokens { return in.nodes[0].Refresh(in.web, token) })
		}
		second, third := atOnce(tokens, retry), atOnce(tokens, retry)
		for i := range tokens {
			if first[i].Status != 200 && first[i].Status != 503 {
				t.Errorf("a lost reply is answered %d: %s", first[i].Status, first[i].Body)
			}
			retries++
			if second[i].Status == 200 {
				succeeded++
			} else {
				t.Logf("a retry is answered %d: %s %v", second[i].Status, second[i].Body, second[i].Err)
			}
			if second[i].Status == 200 && third[i].Status == 200 && second[i].Refresh != third[i].Refresh ||
				first[i].Status == 200 && second[i].Status == 200 && first[i].Refresh != second[i].Refresh {
				doubled++
			}
			tokens[i] = third[i].Refresh
			if third[i].Refresh == "" {
				tokens[i] = in.alice.Login(t, in.nodes[0], in.web).Refresh
			}
		}
	}
	if doubled > 0 {
		t.Errorf("%d refresh tokens have two successors", doubled)
	}
	share := float64(succeeded) / float64(max(1, retries))
	record(t, "F13", lost >= lostReplies && lostCodes.lost >= lostReplies && doubled+lostCodes.doubled == 0 && share >= .999,
		"codes: %d replies lost of %d, %d answered twice; refresh tokens: %d lost, %d of %d retries succeed, %d got another successor",
		lostCodes.lost, lostCodes.tried, lostCodes.doubled, lost, succeeded, retries, doubled)
}

// rotatedSince is how many refresh tokens Redis has replaced.
func rotatedSince(t *testing.T, redis *redistest.Server, begin time.Time) int {
	t.Helper()
	const script = `local n = 0
		for _, key in ipairs(redis.call('KEYS', 'e2e:family:{*')) do
			local at = redis.call('HGET', key, 'rotated')
			if at and tonumber(at) >= tonumber(ARGV[1]) then n = n + 1 end
		end
		return n`
	n, err := redis.Do("EVAL", script, "0", strconv.FormatInt(begin.UnixMilli(), 10))
	if err != nil {
		t.Fatal(err)
	}
	return int(n.(int64))
}

func answered(all []e2e.Tokens) (n int) {
	for _, got := range all {
		if got.Status == 200 {
			n++
		}
	}
	return n
}

// patiently repeats a call that is answered 503, as a client does that was told when to come back,
// as long as the window of a retry lasts.
func patiently(call func() e2e.Tokens) (got e2e.Tokens) {
	for deadline := time.Now().Add(8 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got = call(); got.Status != 503 {
			break
		}
	}
	return got
}
