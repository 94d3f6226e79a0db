//go:build faults

package faults

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// olderCommit is the version that upgrades begin with: the first whose faults were all measured.
const olderCommit = "95a5add"

// olderBinary builds that version from the repository's history; "" where there is none.
func olderBinary(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil || exec.Command("git", "cat-file", "-e", olderCommit+"^{commit}").Run() != nil {
		return ""
	}
	folder := t.TempDir()
	unpack := exec.Command("sh", "-c", `git archive "$1" | tar -x -C "$2"`, "sh", olderCommit, folder)
	unpack.Dir = strings.TrimSpace(string(root))
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "tollgate-older"), "./cmd/tollgate")
	build.Dir, build.Env = folder, append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	for _, step := range []*exec.Cmd{unpack, build} {
		if output, err := step.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", olderCommit, err, output)
		}
	}
	return build.Args[3]
}

// roll restarts the nodes behind the balancer one after the other, with another binary.
func roll(t *testing.T, b *balancer, path string) {
	t.Helper()
	for i, n := range b.nodes {
		n.Signal(syscall.SIGTERM)
		<-n.Ended()
		if code, _ := n.Stop(); code != 0 {
			t.Errorf("%v ended with %d", n, code)
		}
		n.Path = path
		n.Start()
		if until(5*time.Second, func() bool { return b.ready[i].Load() }) < 0 {
			t.Fatalf("%v does not come back\n%s", n, tail(n.Logs(), 10))
		}
		time.Sleep(2 * time.Second) // both versions serve
	}
}

// left is what one version leaves for the other.
type left struct {
	browser        *e2e.Browser // signed in
	access         string
	refresh        string
	bad            string // revoked
	code, verifier string // not used yet
	spent, proof   string // used
}

func leave(t *testing.T, in *installation, front *e2e.Node) left {
	t.Helper()
	l := left{browser: e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)}
	got := l.browser.Login(t, front, in.web)
	l.access, l.refresh = got.Access, got.Refresh
	l.bad = front.ClientCredentials(in.apps.Service).Want(t, 200).Access
	front.Revoke(in.apps.Service, l.bad).Want(t, 200)
	l.spent, l.proof = in.code(t, front)
	front.Exchange(in.web, l.spent, l.proof).Want(t, 200)
	l.code, l.verifier = in.code(t, front)
	return l
}

// find lists what the next version made of it that it must not: lost, or taken though it is over.
func (l left) find(t *testing.T, in *installation, front *e2e.Node) (lost []string) {
	t.Helper()
	asked := front.Ask(in.web, "prompt", "none")
	if _, err := l.browser.Code(front, in.web, asked); err != nil {
		lost = append(lost, "a session: "+err.Error())
	}
	for what, status := range map[string]int{
		"an access token": front.Validate(l.access, "").Status,
		"a code":          front.Exchange(in.web, l.code, l.verifier).Status,
		"a refresh token": front.Refresh(in.web, l.refresh).Status,
	} {
		if status != 200 {
			lost = append(lost, what)
		}
	}
	if front.Validate(l.bad, "").Status == 200 || front.Exchange(in.web, l.spent, l.proof).Status == 200 {
		t.Error("what was revoked or used is accepted by another version")
	}
	return lost
}

func TestFault_F42_RollingUpgrade(t *testing.T) {
	older := olderBinary(t)
	if older == "" {
		skip(t, "F42", "the history of the repository, with commit "+olderCommit+", is not here")
		return
	}
	redis := redistest.Start(t)
	first := e2e.NewServe(t, redis.Addr, production, "TOLLGATE_TOKENS__SIGNING_ALG=EdDSA")
	first.Path = older
	first.Start()
	first.AwaitReady()
	in := &installation{nodes: []*e2e.Node{first, first.Peer()}}
	in.seed(t)
	b := balance(t, in.nodes)
	front := &e2e.Node{Issuer: first.Issuer, URL: b.url}
	until(5*time.Second, func() bool { return b.ready[0].Load() && b.ready[1].Load() })
	good, bad := in.service(t), in.revoked(t)
	phones := in.phones(t, front, 8)
	l := startLoad(t, 8, 4*time.Millisecond,
		call{"validate", func() e2e.Answer { return front.Validate(good, "") }},
		call{"revoked", func() e2e.Answer { return front.Validate(bad, "") }},
		call{"introspect", func() e2e.Answer { return activeOr500(front.Introspect(in.apps.Gateway, good)) }},
		call{"client_credentials", func() e2e.Answer { return front.ClientCredentials(in.apps.Service).Answer }},
		call{"refresh", phones.next})
	time.Sleep(time.Second)
	before := leave(t, in, front)
	roll(t, b, e2e.Binary(t))
	lost := before.find(t, in, front)
	after := leave(t, in, front)
	roll(t, b, older)
	lost = append(lost, after.find(t, in, front)...)
	all := l.stop()
	failed := all.only(func(s sample) bool { return s.answer.Status != 200 && s.answer.Status != wrong[s.name] })
	honest := all.wantHonest(t, wrong)
	record(t, "F42", honest && len(failed) == 0 && len(lost) == 0,
		"two nodes from %s to this version and back: %d requests, failed: %s; sessions, access tokens, codes and refresh tokens lost: %s", olderCommit, len(all), failed.kinds(), list(lost))
}
