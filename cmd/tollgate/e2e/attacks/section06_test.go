//go:build attacks

package attacks

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

var revokeRows = []*row{
	{id: 217, sent: "unknown, malformed and expired tokens; the same token twice", want: "200, empty", try: revokeNothing},
	{id: 218, sent: "no token; two", want: "400 invalid_request", try: revokeMissing},
	{id: 219, sent: "a confidential client that proves nothing, or the wrong thing", want: "401 invalid_client; the token lives", try: revokeUnproven},
	{id: 221, sent: "a wrong `token_type_hint`", want: "revoked all the same", try: revokeWrongHints},
	{id: 222, sent: "a token while Redis is full, read-only or hangs", want: "503 with `Retry-After`, never 200", try: revokeInOutage, notInMemory: "nothing there can fail; `TestRevoke_FailureIsNeverASuccess`"},
	{id: 223, sent: "a refresh token", want: "every access token of its grant is dead, on every node", try: revokeGrant},
	{id: 224, sent: "an access token", want: "it alone is dead", try: revokeOne},
	{id: 226, sent: "the other spelling of an ECDSA token", want: "the token that was issued is dead, too", try: revokeVariant},
	{id: 227, sent: "revocations beside checks, 200 rounds on every node", want: "dead at once on the node that was told, within 250 ms on others", try: revokeRace},
	{id: 228, sent: "GET; JSONP's `callback`", want: "405; not looked at", try: revokeByGet},
	{id: 229, sent: "a revoked token after Redis or the process lost everything", want: "never accepted", try: revokeThenForget},
}

func (x *trial) revoke(app e2e.App, token string, pairs ...string) answer {
	x.Helper()
	return x.saw(x.node.Post("/revoke", app, append(pairs, "token", token)...))
}

// revoked is 200 with nothing in it.
func (x *trial) revoked(a answer) {
	x.Helper()
	if a.Status != 200 || len(a.Body) > 0 {
		x.Errorf("answered %d %q, want 200 and nothing", a.Status, a.Body)
	}
	x.unkept(a)
}

func revokeNothing(x *trial) {
	x.moveOut("TOLLGATE_TOKENS__ACCESS_TTL=1s")
	old := x.tokenOf(x.service)
	for _, token := range []string{x.canary(), "a.b.c", strings.Repeat("x", 5000), old[:len(old)-2], "tgr_" + e2e.Random()} {
		x.revoked(x.revoke(x.service, token))
	}
	time.Sleep(leeway + 2*time.Second)
	x.inactive(x.introspect(x.gateway, old))
	x.revoked(x.revoke(x.service, old))
	x.resume()
	fresh := x.tokenOf(x.service)
	x.revoked(x.revoke(x.service, fresh))
	x.revoked(x.revoke(x.service, fresh))
}

func revokeMissing(x *trial) {
	for _, form := range []string{"", "token=", "token=" + x.token + "&token=" + x.token, "token=a&token=" + x.token} {
		x.bad(x.postAs(x.service, "/revoke", form), "invalid_request")
	}
	x.alive(x.token)
}

func revokeUnproven(x *trial) {
	token := x.tokenOf(x.service)
	x.unknownClient(x.post("/revoke", "token="+token+"&client_id="+x.service.ID), false)
	x.unknownClient(x.post("/revoke", "token="+token), false)
	x.unknownClient(x.postAs(e2e.App{ID: x.service.ID, Secret: x.canary()}, "/revoke", "token="+token), true)
	x.unknownClient(x.post("/revoke", "token="+token, "Authorization", "Bearer "+token), true)
	x.bad(x.revoke(x.gateway, token), "unauthorized_client") // whose it is not
	x.bad(x.revoke(x.spa, token), "unauthorized_client")
	x.alive(token)
}

func revokeWrongHints(x *trial) {
	for _, hint := range []string{"refresh_token", "id_token", "nonsense"} {
		token := x.tokenOf(x.service)
		x.revoked(x.revoke(x.service, token, "token_type_hint", hint))
		x.ended(token)
	}
	tokens := x.alice("")
	x.revoked(x.revoke(x.web, tokens.Refresh, "token_type_hint", "access_token"))
	x.ended(tokens.Refresh)
	x.ended(tokens.Access)
}

// An outage is not an answer about the token: who hears 200 believes that it is dead.
func revokeInOutage(x *trial) {
	x.outage = true
	servers := x.moveFar()
	ways := []struct{ begin, end func() }{
		{func() { x.onRedis("CONFIG", "SET", "maxmemory", "1") }, func() { x.onRedis("CONFIG", "SET", "maxmemory", "0") }},
		{func() { each(servers, (*redistest.Server).Pause) }, func() { each(servers, (*redistest.Server).Continue) }},
	}
	if x.store == "standalone" { // a primary of a cluster cannot be made a replica of nobody
		ways = append(ways, struct{ begin, end func() }{
			func() { x.onRedis("REPLICAOF", "127.0.0.1", "1") },
			func() { servers[0].Text(x.T, "REPLICAOF", "NO", "ONE") },
		})
	}
	for _, way := range ways {
		access, refresh := x.tokenOf(x.service), x.alice("").Refresh
		way.begin()
		for _, a := range []answer{x.revoke(x.service, access), x.revoke(x.web, refresh)} {
			if x.status(a, 503); a.Header.Get("Retry-After") == "" {
				x.Error("a 503 that does not say when to come back")
			}
			x.unkept(a)
		}
		way.end()
		x.node.AwaitReady()
		x.revoked(x.insist(func() answer { return x.revoke(x.service, access) }))
		x.revoked(x.insist(func() answer { return x.revoke(x.web, refresh) }))
		x.ended(access)
		x.ended(refresh)
	}
}

func each(servers []*redistest.Server, do func(*redistest.Server)) {
	for _, s := range servers {
		do(s)
	}
}

// insist asks again for as long as the answer is 503, as clients do; for some seconds.
func (x *trial) insist(ask func() answer) (a answer) {
	x.Helper()
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(100 * time.Millisecond) {
		if a = ask(); a.Status != 503 {
			return a
		}
	}
	return a
}

func revokeGrant(x *trial) {
	first := x.alice("")
	second := x.node.Refresh(x.web, first.Refresh).Want(x.T, 200)
	x.alive(first.Access)
	x.alive(second.Access)
	x.revoked(x.revoke(x.web, second.Refresh))
	x.ended(first.Access)
	x.ended(second.Access)
	x.ended(second.Refresh)
	x.bad(x.saw(x.node.Refresh(x.web, second.Refresh).Answer), "invalid_grant")
}

func revokeOne(x *trial) {
	first := x.alice("")
	second := x.node.Refresh(x.web, first.Refresh).Want(x.T, 200)
	x.revoked(x.revoke(x.web, first.Access))
	x.ended(first.Access)
	x.alive(second.Access)
	x.alive(second.Refresh)
}

func revokeVariant(x *trial) {
	app := x.app("signing_alg", "ES256")
	token := x.tokenOf(app)
	variant := otherSpelling(token)
	if variant == token || !x.introspect(x.gateway, variant).Active() {
		x.note("the other spelling is refused")
		return
	}
	for _, n := range x.nodes() { // remembered under both
		n.Validate(token, "").Want(x.T, 200)
		n.Validate(variant, "").Want(x.T, 200)
	}
	x.revoked(x.revoke(app, variant))
	x.ended(token)
	x.ended(variant)
}

func revokeRace(x *trial) {
	var slowest []time.Duration
	for range 200 {
		token := x.tokenOf(x.service)
		for _, n := range x.nodes() {
			n.Validate(token, "").Want(x.T, 200)
		}
		stop := make(chan struct{})
		var checks sync.WaitGroup
		for _, n := range x.nodes() {
			checks.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						n.Validate(token, "")
						n.Introspect(x.gateway, token)
					}
				}
			})
		}
		x.node.Revoke(x.service, token).Want(x.T, 200)
		told := time.Now()
		if a := x.node.Validate(token, ""); a.Status != 401 {
			x.Fatalf("the next request on the same node is answered %d", a.Status)
		}
		for _, n := range x.nodes()[1:] {
			for n.Validate(token, "").Status == 200 {
				if time.Since(told) > spreadTime {
					x.Fatalf("still accepted after %s", time.Since(told))
				}
			}
			slowest = append(slowest, time.Since(told))
		}
		close(stop)
		checks.Wait()
		for _, n := range x.nodes() {
			if n.Validate(token, "").Status != 401 || n.Introspect(x.gateway, token).Active() {
				x.Fatal("a revoked token is accepted again")
			}
		}
	}
	x.note("200 of 200 dead at the next request")
	if len(slowest) > 0 {
		x.Logf("refused by the other node %s after the answer at the latest", slices.Max(slowest))
	}
}

func revokeByGet(x *trial) {
	x.status(x.get("/revoke?callback=steal&token="+x.canary(), "Authorization", basic(x.service)), 405)
	x.bad(x.postAs(x.service, "/revoke?callback=steal", url.Values{"token": {x.token}}.Encode()), "invalid_request")
	x.revoked(x.revoke(x.service, x.tokenOf(x.service), "callback", "steal"))
}

func revokeThenForget(x *trial) {
	x.outage = true // nobody knows for a moment
	x.moveFar()
	x.withPeer()
	token := x.tokenOf(x.service)
	x.alive(token)
	x.revoked(x.revoke(x.service, token))
	if x.store == "memory" {
		x.restarted()
	} else {
		x.onRedis("FLUSHALL")
	}
	for start := time.Now(); time.Since(start) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
		for _, n := range x.nodes() {
			if a := n.Validate(token, ""); a.Status == 200 {
				x.Fatal("it lives again")
			}
		}
	}
	x.saw(x.node.Validate(token, ""))
	x.node.AwaitReady()
	x.furnish(x.T)
	x.resume()
}
