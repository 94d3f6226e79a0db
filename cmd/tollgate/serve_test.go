package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

// startServe runs serve and returns it with its addresses.
func startServe(t *testing.T, in *installation) (p *process, public, ops string) {
	t.Helper()
	p = start(t, in.env, "serve")
	return p, "http://" + p.await(`"msg":"serving".*"public":"([^"]+)"`), "http://" + p.await(`"msg":"serving".*"ops":"([^"]+)"`)
}

func TestServe_StartsWithoutRedisAndHeals(t *testing.T) {
	redis := redistest.Start(t)
	redis.Stop()
	_, public, ops := startServe(t, install(t, redis.Addr))
	awaitStatus(t, public+"/livez", 200)
	awaitStatus(t, public+"/readyz", 503)
	awaitStatus(t, ops+"/healthz", 503)
	awaitStatus(t, public+"/.well-known/openid-configuration", 200)

	redis.Restart()
	awaitStatus(t, public+"/readyz", 200)
	awaitStatus(t, public+"/.well-known/jwks.json", 200)

	redis.Kill()
	awaitStatus(t, public+"/readyz", 503)
	awaitStatus(t, public+"/.well-known/jwks.json", 200) // known keys outlive the store
	redis.Restart()
	awaitStatus(t, public+"/readyz", 200)
}

func TestServe_DrainsOnSignal(t *testing.T) {
	redis := redistest.Start(t)
	p, public, _ := startServe(t, install(t, redis.Addr))
	awaitStatus(t, public+"/readyz", 200)
	turned := make(chan bool, 1)
	go func() {
		got := 200
		for ; got == 200; time.Sleep(time.Millisecond) {
			got = status(public + "/readyz")
		}
		turned <- got == 503 // while it listens; later nobody answers
	}()
	took, err := p.stop(syscall.SIGTERM)
	if err != nil || took > 10*time.Second {
		t.Errorf("ended with %v after %v", err, took)
	}
	if !<-turned {
		t.Error("/readyz did not turn before the listener closed")
	}
	p.await(`"msg":"stopped"`)
}

func TestServe_SecondSignalEndsAtOnce(t *testing.T) {
	redis := redistest.Start(t)
	var took time.Duration
	for range 3 { // the fastest counts: the machines that run tests do other things, too
		p, public, _ := startServe(t, install(t, redis.Addr))
		awaitStatus(t, public+"/readyz", 200)
		p.cmd.Process.Signal(syscall.SIGTERM)
		p.await(`"msg":"draining"`)
		var err error
		if took, err = p.stop(syscall.SIGTERM); err == nil {
			t.Fatal("it ended in order, want a failure at once")
		}
		if took <= serveDrainDelay/2 {
			return
		}
	}
	t.Errorf("ended after %v, want at once", took)
}

func TestServe_BadConfigurationNamesEveryProblem(t *testing.T) {
	r := run(t, []string{"TOLLGATE_ISSUER=http://auth.example.com", "TOLLGATE_REDIS__TIMEOUT=soon"}, "", "serve")
	for _, want := range []string{"issuer (TOLLGATE_ISSUER): uses http", "redis.timeout (TOLLGATE_REDIS__TIMEOUT)", "keys.master_key_file: is not set"} {
		if !strings.Contains(r.err, want) {
			t.Errorf("%q is missing in:\n%s", want, r.err)
		}
	}
	if r.code != exitFailed {
		t.Errorf("exit %d", r.code)
	}
}

func TestServe_MemoryIsAllowedAndWarned(t *testing.T) {
	p := start(t, []string{"TOLLGATE_ISSUER=http://127.0.0.1:8080", "TOLLGATE_STORE=memory", "TOLLGATE_LISTEN__PUBLIC=127.0.0.1:0", "TOLLGATE_LISTEN__OPS=127.0.0.1:0"}, "serve")
	p.await(`"level":"warn".*"key":"store"`)
	awaitStatus(t, "http://"+p.await(`"public":"([^"]+)"`)+"/readyz", 200)
}

// Whatever is done with it, no secret reaches the log, not even at its most talkative.
func TestServe_NoSecretInTheLog(t *testing.T) {
	redis := redistest.Start(t)
	in := install(t, redis.Addr, "TOLLGATE_LOG__LEVEL=debug", "TOLLGATE_LOG__SLOW_STORE=1ns", "TOLLGATE_LOG__SLOW_REQUEST=1ns")
	mustRun(t, in.env, "a password of bob\n", "user", "create", "bob")
	created := mustRun(t, in.env, "", "client", "create", "service", "--output", "json")
	secret := jsonText(t, created, "client_secret")

	p, public, ops := startServe(t, in)
	awaitStatus(t, public+"/readyz", 200)
	post := func(path, form string) string {
		request, _ := http.NewRequest(http.MethodPost, public+path, strings.NewReader(form))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth("service", secret)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return string(body)
	}
	token := jsonText(t, post("/token", "grant_type=client_credentials"), "access_token")
	post("/introspect", "token="+token)
	status(public + "/validate?access_token=" + token)
	post("/revoke", "token="+token)
	request, _ := http.NewRequest(http.MethodGet, ops+"/admin/v1/clients", nil)
	request.Header.Set("Authorization", "Bearer "+in.secret[1])
	if response, err := http.DefaultClient.Do(request); err != nil || response.StatusCode != 200 {
		t.Fatalf("%v %v", response, err)
	}
	p.stop(syscall.SIGTERM)
	log := p.out.String()
	if !strings.Contains(log, `"route":"introspect"`) || !strings.Contains(log, `"msg":"slow store"`) {
		t.Fatalf("the log is too quiet to prove anything:\n%s", log)
	}
	for _, secret := range append(in.secret, secret, token, token[strings.LastIndexByte(token, '.')+1:], "a password of bob") {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

// What /healthz and the log say is for who must mend it, also once nobody waits for Redis any more.
func TestServe_SaysWhyRedisCannotBeUsed(t *testing.T) {
	in := install(t, redistest.Start(t, "--requirepass", "right").Addr)
	in.write(t, "password", "wrong\n")
	in.env = append(in.env, "TOLLGATE_REDIS__PASSWORD_FILE="+in.dir+"/password")
	p, _, ops := startServe(t, in)
	p.await(`"level":"error".*signing keys cannot be kept up to date.*refused the user name or password; see redis.username and redis.password_file"`)
	const fix = `"last_error":"the Redis at 127.0.0.1:`
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if health := body(t, ops+"/healthz"); strings.Count(health, fix) != 2 || strings.Count(health, "see redis.username and redis.password_file") != 2 || strings.Contains(health, "redis_") {
			t.Fatalf("healthz says %s", health)
		}
	}
}

func TestServe_RedisThatForgetsIsReported(t *testing.T) {
	redis := redistest.Start(t, "--appendonly", "no", "--maxmemory-policy", "allkeys-lru")
	p, _, ops := startServe(t, install(t, redis.Addr))
	p.await(`"level":"warn".*redis is not as it should be.*maxmemory-policy is allkeys-lru`)
	p.await(`"level":"warn".*redis is not as it should be.*appendonly is off`)
	awaitStatus(t, ops+"/healthz", 200) // it serves
	health := body(t, ops+"/healthz")
	for _, want := range []string{`"redis_persistence":{"ok":false`, `"redis_eviction":{"ok":false`, `"redis_version":{"ok":true`, `"redis_clock":{"ok":true`} {
		if !strings.Contains(health, want) {
			t.Errorf("healthz lacks %s: %s", want, health)
		}
	}
}

// In the middle of a change of the master key, a node without the new one learns of revocations all
// the same, and says that it cannot serve.
func TestServe_ANodeThatLacksAKeyIsNotReady(t *testing.T) {
	redis := redistest.Start(t)
	behind := install(t, redis.Addr)
	ahead := install(t, redis.Addr)
	ahead.write(t, "master.key", ahead.secret[0]+"\n"+behind.secret[0]+"\n")
	p, public, ops := startServe(t, behind)
	awaitStatus(t, public+"/readyz", 200)
	before := body(t, public+"/.well-known/jwks.json")
	kid := regexp.MustCompile(`"alg":"RS256","kid":"([^"]+)"`).FindStringSubmatch(before)[1]

	mustRun(t, ahead.env, "", "key", "revoke", kid)
	awaitStatus(t, public+"/readyz", 503)
	awaitStatus(t, public+"/.well-known/jwks.json", 503)
	p.await(`"level":"error".*further line to keys.master_key_file`)
	if health := body(t, ops+"/healthz"); !strings.Contains(health, `"keys":{"ok":false`) || !strings.Contains(health, "further line to keys.master_key_file") {
		t.Errorf("healthz says %s", health)
	}
	if keys := mustRun(t, ahead.env, "", "key", "list"); !strings.Contains(keys, "revoked") {
		t.Errorf("the key was not revoked:\n%s", keys)
	}
}
