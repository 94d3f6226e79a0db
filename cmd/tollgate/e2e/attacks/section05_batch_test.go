//go:build attacks

package attacks

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// tooLarge is 413, after which nobody reads on.
func (x *trial) tooLarge(a answer) {
	x.Helper()
	if a.Status != 413 || !a.closed {
		x.Errorf("answered %d, closed %v, want 413 and closed", a.Status, a.closed)
	}
}

// batch asks about JSON as it stands.
func (x *trial) batch(app e2e.App, body string) answer {
	x.Helper()
	return x.ask(x.request("POST", "/introspect/batch", body, "Content-Type", "application/json", "Authorization", basic(app)))
}

func batchOf(tokens ...string) string {
	body, _ := json.Marshal(map[string][]string{"tokens": tokens})
	return string(body)
}

// actives wants a batch to be answered with these, in order.
func (x *trial) actives(a answer, want ...bool) {
	x.Helper()
	var body struct{ Results []struct{ Active bool } }
	var got []bool
	if err := json.Unmarshal(a.Body, &body); err != nil || a.Status != 200 {
		x.Errorf("answered %d %.200s, want results", a.Status, a.Body)
		return
	}
	for _, r := range body.Results {
		got = append(got, r.Active)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		x.Errorf("answered %v, want %v", got, want)
	}
	x.unkept(a)
}

func batchSizes(x *trial) {
	x.bad(x.batch(x.gateway, `{"tokens":[]}`), "invalid_request")
	x.actives(x.batch(x.gateway, batchOf(x.token)), true)
	hundred, all := make([]string, 100), make([]bool, 100)
	for i := range hundred {
		hundred[i], all[i] = x.token, true
	}
	x.actives(x.batch(x.gateway, batchOf(hundred...)), all...)
	x.bad(x.batch(x.gateway, batchOf(append(hundred, x.token)...)), "invalid_request")
	x.tooLarge(x.rawBatch(batchOf(strings.Repeat("a", 10<<20))))
}

// rawBatch is batch on a connection of its own, which may be closed before everything is sent.
func (x *trial) rawBatch(body string) answer {
	x.Helper()
	return x.raw(fmt.Sprintf("POST /introspect/batch HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", x.address(), basic(x.gateway), len(body), body))
}

func batchElements(x *trial) {
	for _, tokens := range []string{`["a",1]`, `["a",null]`, `null`, `[{"a":"b"}]`, `[["a"]]`, `"a"`, `[""]`, `[true]`, `["` + strings.Repeat("a", 60<<10) + `"]`, `["\ud800"]`} {
		x.bad(x.batch(x.gateway, `{"tokens":`+tokens+`}`), "invalid_request")
	}
	x.tooLarge(x.rawBatch(batchOf(strings.Repeat("a", 1<<20))))
	x.actives(x.batch(x.gateway, batchOf(x.token, "x", x.token, "x", x.token)), true, false, true, false, true)
}

func batchOfMany(x *trial) {
	stranger := x.app()
	own, meant := x.tokenOf(stranger), x.tokenOf(x.app("audience", stranger.ID))
	all := batchOf(own, x.token, meant, "x", own)
	for range 2 {
		x.actives(x.batch(stranger, all), true, false, true, false, true)
		x.actives(x.batch(x.gateway, all), true, true, true, false, true)
	}
}

func batchScan(x *trial) {
	x.moveOut("TOLLGATE_RATE_LIMITS__PER_IP=20/s burst 250")
	time.Sleep(time.Second) // what setting up has used up
	junk := make([]string, 100)
	for i := range junk {
		junk[i] = "tgr_" + e2e.Random() + e2e.Random()[:41]
	}
	for range 2 {
		x.status(x.batch(x.gateway, batchOf(junk...)), 200)
	}
	a := x.batch(x.gateway, batchOf(junk...))
	if x.status(a, 429); a.Header.Get("Retry-After") == "" {
		x.Error("a 429 that does not say when to come back")
	}
}
