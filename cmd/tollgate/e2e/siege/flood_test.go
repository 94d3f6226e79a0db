//go:build siege

package siege

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

const (
	floodConns     = 16
	floodAddresses = 4    // that a limit by address turns away
	pipelined      = 20   // requests that are sent at once; the last of them may be one that ends the connection
	maxLine        = 1024 // bytes of the log
)

// flood is what came back of many hostile requests.
type flood struct {
	answered, limited, dropped atomic.Int64 // dropped: closed without an answer
	statuses                   [600]atomic.Int64
}

// hostile are requests that are well-formed HTTP; each call makes another.
func (b *besieged) hostile() []func() string {
	get := func(target, headers string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: " + b.host + "\r\n" + headers + "\r\n"
	}
	bearer := func(token string) string { return "Authorization: Bearer " + token + "\r\n" }
	header, rest, _ := strings.Cut(b.token, ".")
	_, signature, _ := strings.Cut(rest, ".")
	web := basic(b.apps.Web.ID, b.apps.Web.Secret)
	service := basic(b.apps.Service.ID, b.apps.Service.Secret)
	return []func() string{
		func() string { return get("/validate", bearer(e2e.Random())) },
		func() string {
			return get("/validate?scope="+e2e.Random(), bearer(header+"."+e2e.Random()+"."+signature))
		},
		func() string { return get("/validate/"+e2e.Random(), "") },
		func() string { return get("/userinfo", bearer(e2e.Random()+"."+e2e.Random()+"."+e2e.Random())) },
		func() string { return get("/"+e2e.Random(), "User-Agent: "+e2e.Random()+"\r\n") },
		func() string {
			return get("/.well-known/"+e2e.Random(), "X-Forwarded-For: 10.0.0.1, "+e2e.Random()+"\r\n")
		},
		func() string { return "GET /jwks HTTP/1.1\r\nHost: " + e2e.Random() + ".example\r\n\r\n" },
		func() string {
			return get("/authorize?client_id="+e2e.Random()+"&redirect_uri=https://"+e2e.Random()+"/", "")
		},
		func() string {
			return get("/authorize?response_type="+e2e.Random()+"&client_id="+b.apps.Web.ID+"&state="+e2e.Random(), "")
		},
		func() string {
			return get("/login?interaction="+e2e.Random(), "Cookie: "+e2e.Random()+"="+e2e.Random()+"\r\n")
		},
		func() string { return b.withSecret(e2e.Random(), e2e.Random()) },
		func() string { return b.withSecret(b.apps.Service.ID, e2e.Random()) },
		func() string { return b.post("/token", service, "grant_type", e2e.Random()) },
		func() string {
			return b.post("/token", service, "grant_type", "client_credentials", "scope", e2e.Random())
		},
		func() string {
			return b.post("/token", web, "grant_type", "authorization_code", "code", "tgc_"+e2e.Random(), "code_verifier", e2e.Random())
		},
		func() string {
			return b.post("/token", web, "grant_type", "refresh_token", "refresh_token", "tgr_"+e2e.Random())
		},
		func() string { return b.post("/token", "", e2e.Random(), e2e.Random()) },
		func() string { return b.post("/introspect", web, "token", e2e.Random()) },
		func() string { return b.post("/introspect", "", "token", e2e.Random(), "client_id", e2e.Random()) },
		func() string { return b.post("/revoke", web, "token", e2e.Random()) },
		func() string {
			return b.post("/login", "", "username", e2e.Random(), "password", e2e.Random(), "csrf", e2e.Random())
		},
		func() string { return b.post("/consent", "Origin: https://"+e2e.Random()+"\r\n", "decision", "allow") },
		func() string {
			return "OPTIONS /token HTTP/1.1\r\nHost: a\r\nOrigin: https://" + e2e.Random() + ".example\r\nAccess-Control-Request-Method: POST\r\n\r\n"
		},
		func() string {
			return "DELETE /token HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + e2e.Random() + "\r\n\r\n"
		},
	}
}

// malformed are requests that a connection must not outlive.
func malformed() []string {
	return []string{
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
		"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + e2e.Random() + " : folded\r\n b\r\n\r\n",
		"GET /%zz" + e2e.Random() + " HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + strings.Repeat("a", 20_000) + "\r\n\r\n",
		"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01" + e2e.Random() + "\r\n\r\n",
		e2e.Random() + "\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	}
}

// storm sends requests until there were enough, on connections from so many addresses.
func (b *besieged) storm(t *testing.T, f *flood, enough int64, from int) {
	t.Helper()
	kinds := b.hostile()
	var senders sync.WaitGroup
	for range floodConns {
		senders.Go(func() {
			for f.answered.Load()+f.dropped.Load() < enough && !t.Failed() {
				if err := b.batch(f, kinds, source(rand.IntN(from))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	b.alive(t)
}

// batch sends requests on one connection, the last of them malformed, and reads what comes until it ends.
func (b *besieged) batch(f *flood, kinds []func() string, from net.Addr) error {
	conn, err := (&net.Dialer{LocalAddr: from}).Dial("tcp", b.host)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	var text strings.Builder
	var methods []string
	for range pipelined - 1 {
		request := kinds[rand.IntN(len(kinds))]()
		method, _, _ := strings.Cut(request, " ")
		methods = append(methods, method)
		text.WriteString(request)
	}
	bad := malformed()
	text.WriteString(bad[rand.IntN(len(bad))])
	go io.WriteString(conn, text.String()) // who is refused early may not read it all
	in := bufio.NewReader(conn)
	for i := range pipelined {
		method := "GET"
		if i < len(methods) {
			method = methods[i]
		}
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			f.dropped.Add(1)
			return nil
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			f.dropped.Add(1)
			return nil
		}
		f.answered.Add(1)
		f.statuses[resp.StatusCode].Add(1)
		if resp.StatusCode == http.StatusTooManyRequests {
			f.limited.Add(1)
		}
		if resp.Close {
			return nil
		}
	}
	return nil
}

// kinds says how many answers of which status there were, and how many of them the server is to blame for.
func (f *flood) kinds() (text string, faults int64) {
	var all []string
	for status := range f.statuses {
		if n := f.statuses[status].Load(); n > 0 {
			all = append(all, fmt.Sprintf("%d %d×", status, n))
			if status >= 500 {
				faults += n
			}
		}
	}
	return strings.Join(append(all, fmt.Sprintf("closed without an answer %d×", f.dropped.Load())), ", "), faults
}

// logged looks at what the node has written since: how many lines, bytes, and the longest line.
func (b *besieged) logged(offset int) (lines, size, longest int) {
	text := b.LogsSince(offset)
	for line := range strings.Lines(text) {
		lines++
		longest = max(longest, len(line))
	}
	return lines, len(text), longest
}

func TestFlood_M1_AMillionHostileRequests(t *testing.T) {
	enough := int64(size(t, "SIEGE_REQUESTS", 1_000_000))
	b := besiege(t)
	series := b.series(t)
	var warm, f flood
	b.storm(t, &warm, enough/10, addresses) // whatever is pooled is there now
	before, offset := b.settledMemory(t), len(b.Logs())
	start := time.Now()
	b.storm(t, &f, enough, addresses)
	took := time.Since(start)
	after := b.settledMemory(t)
	lines, bytes, longest := b.logged(offset)
	kinds, faults := f.kinds()
	if faults > 0 {
		t.Errorf("%d answers were 5xx", faults)
	}
	now := b.series(t)
	changed := len(now) - len(series)
	for name := range now {
		if !series[name] {
			t.Errorf("a new series: %s", name)
		}
	}
	sent := f.answered.Load() + f.dropped.Load()
	grown := float64(after-before) / float64(before)
	record(t, "M1", changed == 0 && grown <= 0.1 && int64(lines) <= sent+sent/1000 && longest <= maxLine,
		"%d requests in %s (%s): %d series before, %d after; memory %d → %d MiB (%+.1f %%); %d log lines, %d MiB, the longest %d bytes",
		sent, short(took), kinds, len(series), len(now), before>>20, after>>20, 100*grown, lines, bytes>>20, longest)
}

func TestFlood_M2_AgainstTheLimitsThatShip(t *testing.T) {
	enough := int64(size(t, "SIEGE_LIMITED", 200_000))
	b := besiege(t, "TOLLGATE_RATE_LIMITS__PER_IP=200/s burst 400", "TOLLGATE_RATE_LIMITS__PER_CLIENT=100/s burst 200", "TOLLGATE_RATE_LIMITS__LOGIN=5/m burst 10")
	offset := len(b.Logs())
	var f flood
	b.storm(t, &f, enough, floodAddresses)
	time.Sleep(time.Second) // lines are gathered for some milliseconds before they are written
	lines, bytes, longest := b.logged(offset)
	kinds, faults := f.kinds()
	if faults > 0 {
		t.Errorf("%d answers were 5xx", faults)
	}
	limited := f.limited.Load()
	through := f.answered.Load() + f.dropped.Load() - limited
	record(t, "M2", limited > through && int64(lines) <= through+limited/100 && longest <= maxLine,
		"%d requests (%s): %d turned away by a limit, %d not; %d log lines, %d MiB, the longest %d bytes", limited+through, kinds, limited, through, lines, bytes>>20, longest)
}
