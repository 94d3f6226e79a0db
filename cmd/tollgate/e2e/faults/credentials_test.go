//go:build faults

package faults

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

const redisUser = "tollgate"

// withPassword are the settings for a user whose password stands in a file.
func withPassword(t *testing.T, password string) (file string, env []string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "password")
	replaceFile(t, file, password+"\n")
	return file, []string{production, "TOLLGATE_TOKENS__SIGNING_ALG=EdDSA", "TOLLGATE_REDIS__USERNAME=" + redisUser, "TOLLGATE_REDIS__PASSWORD_FILE=" + file}
}

func TestFault_F23_WrongPassword(t *testing.T) {
	const password, guess = "the-password-of-redis", "a-password-that-is-wrong"
	redis := redistest.Start(t, redistest.User(redisUser, password, "~e2e:*", "&e2e:*", "+@all")...)
	_, env := withPassword(t, guess)
	n := e2e.NewServe(t, redis.Addr, env...)
	start := time.Now()
	n.Start()
	n.AwaitStatus("/livez", 200)
	n.Get("/readyz").Want(t, 503)
	named := until(3*time.Second, func() bool { return strings.Contains(n.Logs(), "WRONGPASS") })
	said := time.Since(start)
	leaked := strings.Contains(n.Logs(), guess)
	redis.Text(t, "ACL", "SETUSER", redisUser, ">"+guess)
	healed := n.AwaitReady()

	redis.Text(t, "ACL", "SETUSER", redisUser, "-get", "-evalsha", "-eval")
	denied := n.ClientCredentials(e2e.DemoService).Status
	permission := until(5*time.Second, func() bool { return strings.Contains(n.Logs(), "NOPERM") || strings.Contains(n.Logs(), "permission") })
	if leaked {
		t.Error("the log holds the password")
	}
	record(t, "F23", named >= 0 && said <= time.Second && !leaked && denied == 503 && permission >= 0,
		"not ready and named in the log %s after the start, password in the log: %t; ready %s after it was right; without permissions /token %d, named after %s", ms(said), leaked, ms(healed), denied, ms(permission))
}

func TestFault_F24_ThePasswordChanges(t *testing.T) {
	redis := redistest.Start(t, redistest.User(redisUser, "first-password", "~e2e:*", "&e2e:*", "+@all")...)
	file, env := withPassword(t, "first-password")
	in := install(t, 1, redis.Addr, env...)
	l := startLoad(t, 8, 5*time.Millisecond, in.usual(t)...)
	time.Sleep(500 * time.Millisecond)
	changed := time.Now()
	redis.Text(t, "ACL", "SETUSER", redisUser, ">second-password")
	replaceFile(t, file, "second-password\n")
	redis.Text(t, "ACL", "SETUSER", redisUser, "<first-password")
	time.Sleep(time.Second)
	killed := time.Now()
	redis.Text(t, "CLIENT", "KILL", "USER", redisUser) // every connection must sign in again
	time.Sleep(3 * time.Second)
	all := l.stop()
	honest := all.wantHonest(t, wrong)
	errors := len(all.between(changed, killed).status(503))
	after := all.between(killed.Add(-50*time.Millisecond), time.Now()).status(503)
	late := time.Duration(0)
	for _, s := range after {
		late = max(late, s.end().Sub(killed))
	}
	record(t, "F24", honest && errors == 0 && late <= time.Second, "%d errors at the change; when every connection was then cut, %d answers were 503, the last after %s", errors, len(after), ms(late))
}

func TestFault_F22_CertificatesExpire(t *testing.T) {
	redis := redistest.StartTLS(t)
	cert, key := redis.Issue("node", 6*time.Second)
	env := []string{
		"TOLLGATE_REDIS__TLS__ENABLED=true", "TOLLGATE_REDIS__TLS__CA_FILE=" + redis.CAFile,
		"TOLLGATE_REDIS__TLS__CERT_FILE=" + cert, "TOLLGATE_REDIS__TLS__KEY_FILE=" + key,
	}
	in := install(t, 1, redis.Addr, env...)
	n, token := in.nodes[0], in.service(t)
	redis.Issue("node", time.Hour) // the same files
	redis.Renew(time.Hour)
	time.Sleep(7 * time.Second)
	redis.Text(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	back := until(10*time.Second, func() bool {
		return n.Validate(token, "").Status == 200 && n.ClientCredentials(in.apps.Service).Status == 200 && n.Introspect(in.apps.Gateway, token).Active()
	})
	detail := ""
	if back < 0 {
		detail = "; " + n.GetOps("/healthz").Text("dependencies")
		t.Log(tail(n.Logs(), 3))
	}
	record(t, "F22", back >= 0 && back <= 2*time.Second, "both certificates replaced, the node's old one expired, connections cut: served again after %s, without a restart%s", ms(back), detail)
}

func TestFault_F41_TheCertificateFileBecomesGarbage(t *testing.T) {
	redis := redistest.Start(t)
	authority := redistest.NewAuthority(t)
	cert, key := authority.Issue("localhost", time.Hour)
	in := install(t, 1, redis.Addr)
	n := in.nodes[0].NewPeer(redis.Addr, "TOLLGATE_ISSUER=https://localhost", "TOLLGATE_TLS__CERT_FILE="+cert, "TOLLGATE_TLS__KEY_FILE="+key)
	n.Start()
	shakes := func() bool { return handshake(n, authority.CAFile) == nil }
	if until(10*time.Second, shakes) < 0 {
		t.Fatalf("no TLS: %v\n%s", handshake(n, authority.CAFile), tail(n.Logs(), 5))
	}
	if err := os.WriteFile(cert, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	failed := 0
	for range 50 {
		if !shakes() {
			failed++
		}
	}
	record(t, "F41", failed == 0, "%d of 50 handshakes failed after the file was overwritten", failed)
}
