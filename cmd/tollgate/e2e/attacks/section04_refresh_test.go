//go:build attacks

package attacks

import (
	"io"
	"net"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// Rows 161 to 173: refresh tokens.

// next rotates a refresh token that is good.
func (x *trial) next(app e2e.App, token string) answer {
	x.Helper()
	a := x.refresh(app, token, "")
	x.good(a)
	return a
}

func reusedRefresh(x *trial) {
	first := x.tokensOf(x.web)
	second := x.next(x.web, first.Refresh)
	third := x.next(x.web, second.Text("refresh_token"))
	x.bad(x.refresh(x.web, first.Refresh, ""), "invalid_grant")
	x.gone(first.Access, second.Text("access_token"), third.Text("access_token"), third.Text("refresh_token"))
	x.bad(x.refresh(x.web, third.Text("refresh_token"), ""), "invalid_grant")
	for end := time.Now().Add(logTime); !strings.Contains(x.node.LogsSince(x.visits[0].logged), `"refresh_reused"`); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			x.Fatal("no event in the log")
		}
	}
	x.note("event refresh_reused")
}

func racedRefresh(x *trial) {
	first := x.tokensOf(x.web)
	successors := map[string]int{}
	for _, a := range x.race(100, x.everywhere(), func(n *e2e.Node) e2e.Tokens { return n.Refresh(x.web, first.Refresh) }) {
		x.good(x.saw(a.Answer))
		successors[a.Refresh]++
	}
	if len(successors) != 1 {
		x.Errorf("%d successors", len(successors))
	}
	for successor := range successors {
		x.next(x.web, successor)
	}
}

func rotatedTwice(x *trial) {
	first := x.tokensOf(x.web)
	start := time.Now()
	second := x.next(x.web, first.Refresh)
	third := x.next(x.web, second.Text("refresh_token"))
	if took := time.Since(start); took > time.Second {
		x.Errorf("two rotations took %s", took)
	}
	x.bad(x.refresh(x.web, first.Refresh, ""), "invalid_grant")
	x.gone(third.Text("access_token"), third.Text("refresh_token"))
}

func reusedAfterRestart(x *trial) {
	there := x.elsewhere()
	first := there.tokensOf(there.web)
	second := there.next(there.web, first.Refresh)
	third := there.next(there.web, second.Text("refresh_token"))
	time.Sleep(100 * time.Millisecond) // until the log is written
	there.node.Restart()
	v := x.visits[len(x.visits)-1] // it is another process by right
	v.pid = there.node.PID
	v.token = there.node.ClientCredentials(there.service).Want(x, 200).Access
	there.bad(there.refresh(there.web, first.Refresh, ""), "invalid_grant")
	there.bad(there.refresh(there.web, third.Text("refresh_token"), ""), "invalid_grant")
}

func refreshScopes(x *trial) {
	first := x.tokensOf(x.web)
	x.bad(x.refresh(x.web, first.Refresh, "&scope=openid+orders:write"), "invalid_scope")
	x.bad(x.refresh(x.web, first.Refresh, "&scope=root"), "invalid_scope")
	less := x.refresh(x.web, first.Refresh, "&scope=openid")
	x.good(less)
	if got := less.Text("scope"); got != "openid" {
		x.Errorf("the scope is %q", got)
	}
	all := x.next(x.web, less.Text("refresh_token"))
	if got := all.Text("scope"); got != x.web.Scope {
		x.Errorf("the scope is %q again, want %q", got, x.web.Scope)
	}
}

func othersRefresh(x *trial) {
	first := x.tokensOf(x.web)
	thief := x.node.AddApp(x, map[string]any{
		"client_id": "t-" + e2e.Random()[:16], "grant_types": []string{"authorization_code", "refresh_token"}, "scope": x.web.Scope, "redirect_uris": []string{appCallback},
	})
	x.bad(x.refresh(thief, first.Refresh, ""), "invalid_grant")
	x.bad(x.post("/token", "grant_type=refresh_token&refresh_token="+first.Refresh+"&client_id="+x.spa.ID), "invalid_grant")
	x.next(x.web, first.Refresh)
}

func endedUsersRefresh(x *trial) {
	for _, end := range []func(b *e2e.Browser) answer{
		func(b *e2e.Browser) answer {
			return x.saw(x.node.Admin("POST", "/users/"+b.Username+"/disable", nil))
		},
		func(b *e2e.Browser) answer {
			return x.saw(x.node.Admin("POST", "/users/"+b.Username+"/password", map[string]any{"password": "another-password"}))
		},
		func(b *e2e.Browser) answer {
			return x.saw(x.node.Admin("POST", "/grants/revoke", map[string]any{"username": b.Username, "client_id": x.web.ID}))
		},
		func(b *e2e.Browser) answer {
			return x.saw(x.node.Admin("DELETE", "/users/"+b.Username, nil))
		},
	} {
		b := x.user()
		tokens := b.Login(x, x.node, x.web)
		x.status(end(b), 200, 204)
		x.bad(x.refresh(x.web, tokens.Refresh, ""), "invalid_grant")
		x.gone(tokens.Access, tokens.Refresh)
	}
}

func oldFamily(x *trial) {
	there := x.elsewhere("TOLLGATE_TOKENS__REFRESH_TTL=3s", "TOLLGATE_TOKENS__REFRESH_REPLAY_WINDOW=0s")
	token := there.tokensOf(there.web).Refresh
	start := time.Now()
	for time.Since(start) < 2*time.Second {
		token = there.next(there.web, token).Text("refresh_token")
		time.Sleep(500 * time.Millisecond)
	}
	time.Sleep(time.Until(start.Add(3200 * time.Millisecond)))
	there.bad(there.refresh(there.web, token, ""), "invalid_grant")
}

func lostRefresh(x *trial) {
	first := x.tokensOf(x.web)
	conn, err := net.Dial("tcp", x.address())
	if err != nil {
		x.Fatal(err)
	}
	form := "grant_type=refresh_token&refresh_token=" + first.Refresh
	io.WriteString(conn, "POST /token HTTP/1.1\r\nHost: x\r\nAuthorization: "+basic(x.web)+"\r\n"+formType+sized(form))
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
	time.Sleep(50 * time.Millisecond)
	second := x.next(x.web, first.Refresh)
	for _, n := range x.everywhere() {
		if again := n.Refresh(x.web, first.Refresh); again.Refresh != second.Text("refresh_token") {
			x.Errorf("%v answers %d with another successor", n, again.Status)
		}
	}
	x.next(x.web, second.Text("refresh_token"))
}

func lateRetry(x *trial) {
	there := x.elsewhere("TOLLGATE_TOKENS__REFRESH_REPLAY_WINDOW=1s")
	first := there.tokensOf(there.web)
	second := there.next(there.web, first.Refresh)
	time.Sleep(1300 * time.Millisecond)
	there.bad(there.refresh(there.web, first.Refresh, ""), "invalid_grant")
	there.gone(first.Access, second.Text("access_token"), second.Text("refresh_token"))
}
