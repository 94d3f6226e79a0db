package redistest_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

func TestUser_MayOnlyDoWhatRulesSay(t *testing.T) {
	s := redistest.Start(t, redistest.User("app", "secret", "~app:*", "+get")...)
	if rules := s.Text(t, "ACL", "GETUSER", "app"); !strings.Contains(rules, "~app:*") || !strings.Contains(rules, "+get") {
		t.Errorf("the user's rules are %s", rules)
	}
}

func TestReplica_HasTheData(t *testing.T) {
	primary := redistest.Start(t)
	primary.Text(t, "SET", "k", "v")
	replica := redistest.StartReplica(t, primary)
	if got := replica.Text(t, "GET", "k"); got != "v" {
		t.Errorf("the replica has %q", got)
	}
}

func TestSentinel_AnotherPrimaryTakesOverInOrderAndAfterAKill(t *testing.T) {
	s := redistest.StartSentinel(t)
	first := s.Primary()
	first.Text(t, "SET", "k", "v")
	second := s.Failover()
	if second == first || second.Text(t, "GET", "k") != "v" {
		t.Error("the failover in order lost a key, or did not happen")
	}
	start := time.Now()
	second.Kill()
	third := s.AwaitPrimaryOtherThan(second)
	third.Text(t, "SET", "k", "w")
	t.Logf("%s took over %s after the kill", third.Addr, time.Since(start).Round(time.Millisecond))
}

func TestCluster_SlotsMoveAndReplicasTakeOver(t *testing.T) {
	c := redistest.StartCluster(t)
	slot := c.SlotOf("k")
	before := c.Primary(slot)
	before.Text(t, "SET", "k", "v")
	c.Reshard(slot)
	after := c.Primary(slot)
	if after == before || after.Text(t, "GET", "k") != "v" {
		t.Error("the slot did not move with its key")
	}
	start := time.Now()
	c.KillPrimary(slot)
	if got := c.AwaitPrimary(slot).Text(t, "GET", "k"); got != "v" {
		t.Errorf("after the election the key is %q", got)
	}
	t.Logf("the slot is served again %s after the kill", time.Since(start).Round(time.Millisecond))
}

func TestTLS_WantsACertificateOfItsAuthority(t *testing.T) {
	s := redistest.StartTLS(t)
	s.Text(t, "SET", "k", "v")
	s.Renew(time.Hour)
	if got := s.Text(t, "GET", "k"); got != "v" {
		t.Errorf("after the renewal the key is %q", got)
	}
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	conn.Write([]byte("PING\r\n"))
	answer := make([]byte, 16)
	if n, _ := conn.Read(answer); strings.Contains(string(answer[:n]), "PONG") {
		t.Error("it answers without TLS")
	}
}

// through calls the server behind the proxy, and waits so long for the answer.
func through(t *testing.T, p *redistest.Proxy, patience time.Duration, request string) (answer string, took time.Duration) {
	t.Helper()
	start := time.Now()
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	conn.Write([]byte(request + "\r\n"))
	buf := make([]byte, 64)
	n, _ := conn.Read(buf)
	return string(buf[:n]), time.Since(start)
}

func TestProxy_PassesDelaysSwallowsCutsAndLosesReplies(t *testing.T) {
	const enough = 10 * time.Second
	s := redistest.Start(t)
	p := redistest.StartProxy(t, s.Addr)
	if got, _ := through(t, p, enough, "INCR n"); got != ":1\r\n" {
		t.Errorf("passing: %q", got)
	}
	const delay = time.Second
	p.Delay(delay)
	if got, took := through(t, p, enough, "INCR n"); got != ":2\r\n" || took < delay || took > 2*delay {
		t.Errorf("delayed: %q after %s", got, took)
	}
	p.Stall()
	if got, took := through(t, p, 300*time.Millisecond, "INCR n"); got != "" || took < 300*time.Millisecond {
		t.Errorf("stalled: %q after %s", got, took)
	}
	p.Pass()
	p.DropReplies("INCR")
	if got, _ := through(t, p, enough, "INCR n"); got != "" {
		t.Errorf("a reply was not dropped: %q", got)
	}
	if got, _ := through(t, p, enough, "PING"); got != "+PONG\r\n" {
		t.Errorf("another reply was dropped: %q", got)
	}
	if n := s.Text(t, "GET", "n"); n != "3" || p.Dropped() != 1 {
		t.Errorf("n is %s, want 3: what was stalled is lost, what lost its reply is done", n)
	}
	p.Pass()
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte("PING\r\n"))
	conn.Read(make([]byte, 16))
	p.Cut()
	conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a cut connection lives")
	}
}
