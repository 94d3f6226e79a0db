package server

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"tollgate/cache"
)

func TestLogin_IsThrottledPerUserAndAddress(t *testing.T) {
	h := newHouse(t, testIssuer, func(c *Config) { c.Login = cache.Rate{PerSecond: 5.0 / 60, Burst: 3} })
	b := h.browser()
	form := b.get("/login").form("username", "alice", "password", "guess")
	for range 3 {
		b.post("/login", form).wantPage(t, 401)
	}
	t.Run("row 352: one user, many passwords", func(t *testing.T) {
		form.Set("password", "alice-password") // even the right one
		p := b.post("/login", form)
		p.wantPage(t, 429)
		if p.header.Get("Retry-After") == "" || !strings.Contains(p.body, "Too many attempts") {
			t.Fatalf("the page does not say when to come back: %v\n%s", p.header, p.body)
		}
	})
	t.Run("row 352: another user is not locked out", func(t *testing.T) {
		form.Set("username", "bob")
		b.post("/login", form).wantPage(t, 401)
	})
	t.Run("row 352: it ends", func(t *testing.T) {
		h.pass(15 * time.Second)
		form.Set("username", "alice")
		if p := b.post("/login", form); p.status != 303 {
			t.Fatalf("got %d\n%s", p.status, p.body)
		}
	})
}

// connFrom is a connection whose peer has an address of the test's choice.
type connFrom struct {
	net.Conn
	addr net.TCPAddr
}

func (c *connFrom) RemoteAddr() net.Addr { return &c.addr }

func TestLogin_IsThrottledPerAddressWhoeverIsTried(t *testing.T) {
	h := newHouse(t, testIssuer, func(c *Config) { c.Login = cache.Rate{PerSecond: 1.0 / 3600, Burst: 1} })
	b := h.browser()
	form := b.get("/login").form("username", "", "password", "alice-password")
	try := func(ip, username string) *shown {
		ours, theirs := net.Pipe()
		defer ours.Close()
		go h.server.publicHTTP.ServeConn(&connFrom{theirs, net.TCPAddr{IP: net.ParseIP(ip), Port: 4321}})
		form.Set("username", username)
		return b.exchange(ours, "POST", "/login", form.Encode())
	}
	for i := range usersPerAddr {
		try("203.0.113.1", fmt.Sprint("nobody", i)).wantPage(t, 401)
	}
	t.Run("row 352: one password, many users", func(t *testing.T) {
		p := try("203.0.113.1", "somebody")
		p.wantPage(t, 429)
		if p.header.Get("Retry-After") == "" || !strings.Contains(p.body, "Too many attempts") {
			t.Fatalf("the page does not say when to come back: %v\n%s", p.header, p.body)
		}
	})
	t.Run("row 352: nobody is locked out from afar", func(t *testing.T) {
		try("203.0.113.1", "alice").wantPage(t, 429)
		if p := try("203.0.113.2", "alice"); p.status != 303 {
			t.Fatalf("got %d\n%s", p.status, p.body)
		}
	})
}

func TestLogin_TakesPasswordsAsTheyAre(t *testing.T) {
	h := newHouse(t, testIssuer)
	try := func(username, password string) *shown {
		b := h.browser()
		return b.post("/login", b.get("/login").form("username", username, "password", password))
	}
	t.Run("row 353: 2,000 bytes", func(t *testing.T) {
		p := try("alice", strings.Repeat("p", 2000))
		p.wantPage(t, 400)
		p.wantText(t, "too long")
		p.wantText(t, `value="alice"`)
	})
	t.Run("row 353: NUL", func(t *testing.T) { try("alice", "alice-password\x00x").wantPage(t, 400) })
	t.Run("row 353: a longer password that starts the same", func(t *testing.T) {
		try("alice", "alice-password"+strings.Repeat("x", 73)).wantPage(t, 401)
	})
	t.Run("row 353: empty", func(t *testing.T) { try("alice", "").wantPage(t, 400) })
	for _, name := range []string{"Alice", "ALICE", "ａlice", "alice ", "alıce"} {
		t.Run("row 48: "+name+" is somebody else", func(t *testing.T) {
			try(name, "alice-password").wantPage(t, 401)
		})
	}
}
