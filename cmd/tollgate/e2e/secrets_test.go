package e2e

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

// Rows 387, 391 and 392: whatever is done with a node, rightly or wrongly, no secret reaches a log
// line, a metric, a stack dump, or Redis: neither keys nor values, nor what travels there, nor its
// files.
func TestSecrets_RestNowhere(t *testing.T) {
	disk := t.TempDir()
	redis := redistest.Start(t, "--dir", disk)
	traffic := monitor(t, redis.Addr)
	n := StartServe(t, redis.Addr, "TOLLGATE_LOG__LEVEL=debug", "TOLLGATE_LOG__SLOW_REQUEST=1us", "TOLLGATE_LOG__SLOW_STORE=1us")
	s := &secrets{}
	for _, file := range []string{"master.key", "admin.token"} {
		content, err := os.ReadFile(filepath.Join(n.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		s.add(file, strings.TrimSpace(string(content)))
	}
	apps := n.Seed(t)
	useEverything(t, n, apps, s)
	sendCanaries(n, apps, s)

	metrics := string(n.GetOps("/metrics").Want(t, 200).Body) + string(n.GetOps("/healthz").Want(t, 200).Body)
	n.Signal(syscall.SIGQUIT) // Go dumps every stack
	<-n.Ended()
	log := n.Logs()
	for place, sign := range map[string]string{"the access line": `"route":"token"`, "the slow line": "slow", "the event": "refresh", "the dump": "goroutine "} {
		if !strings.Contains(log, sign) {
			t.Errorf("%s is not in the log: the test looks at nothing", place)
		}
	}
	stored := everyKey(t, redis.Addr)
	if !strings.Contains(stored, "orders:read") {
		t.Error("Redis seems to hold nothing")
	}
	for place, text := range map[string]string{
		"the log": log, "the metrics": metrics, "Redis": stored, "the traffic to Redis": traffic(), "the files of Redis": files(t, disk),
	} {
		if text == "" {
			t.Errorf("%s: nothing was read", place)
		}
		for _, found := range s.in(text) {
			t.Errorf("%s is in %s", found, place)
		}
	}
	t.Logf("%d secrets looked for in %d bytes of log, %d of metrics, %d of Redis, %d of traffic", len(s.all), len(log), len(metrics), len(stored), len(traffic()))
}

// secrets is what must be found nowhere.
type secrets struct{ all []secret }

type secret struct{ what, value string }

func (s *secrets) add(what, value string) string {
	if value == "" {
		panic("no " + what)
	}
	s.all = append(s.all, secret{what, value})
	return value
}

// addApp adds a client's secret, also as Basic sends it.
func (s *secrets) addApp(app App) App {
	s.add(app.ID+"'s secret", app.Secret)
	s.add(app.ID+"'s Basic credentials", base64.StdEncoding.EncodeToString([]byte(app.ID+":"+app.Secret)))
	return app
}

// in names the secrets that a text holds: as they are, escaped, encoded, or cut off in the middle.
func (s *secrets) in(text string) (found []string) {
	for _, secret := range s.all {
		half := secret.value[:len(secret.value)*3/4]
		for _, form := range []string{half, url.QueryEscape(half), strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(half[:len(half)/3*3])), "=")} {
			if strings.Contains(text, form) {
				found = append(found, fmt.Sprintf("%s (%s)", secret.what, secret.value))
				break
			}
		}
	}
	return found
}

// useEverything goes through every flow as it is meant, and through every way to end one.
func useEverything(t *testing.T, n *Node, apps Apps, s *secrets) {
	t.Helper()
	s.addApp(apps.Service)
	s.addApp(apps.Gateway)
	s.addApp(apps.Web)
	s.add("alice's password", DemoPassword)
	alice := NewBrowser(DemoUser, DemoPassword)
	use := func(what string, tokens Tokens) Tokens {
		tokens.Want(t, 200)
		s.add(what+": access token", tokens.Access)
		s.add(what+": access token's signature", tokens.Access[strings.LastIndexByte(tokens.Access, '.')+1:])
		if tokens.Refresh != "" {
			s.add(what+": refresh token", tokens.Refresh)
			s.add(what+": id_token", tokens.ID)
		}
		n.Introspect(apps.Gateway, tokens.Access).Want(t, 200)
		n.Validate(tokens.Access, "?scope=orders:read").Want(t, 200)
		n.Validate(tokens.Access, "?scope=nothing").Want(t, 403)
		n.Userinfo(tokens.Access)
		n.Admin("POST", "/tokens/inspect", map[string]any{"token": tokens.Access}).Want(t, 200)
		return tokens
	}
	asked := n.Ask(apps.Web)
	form, err := alice.Consent(asked.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.add("the form's token", form.Fields.Get("csrf"))
	s.add("the interaction", form.Fields.Get("interaction"))
	code, err := alice.Code(n, apps.Web, asked)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range alice.Cookies(n) {
		s.add("the cookie "+cookie.Name, cookie.Value)
	}
	first := use("code", n.Exchange(apps.Web, s.add("the code", code), s.add("the verifier", asked.Verifier)))
	second := use("refresh", n.Refresh(apps.Web, first.Refresh))
	n.Refresh(apps.Web, first.Refresh).Want(t, 200) // a retry
	n.Introspect(apps.Gateway, second.Refresh).Want(t, 200)
	use("service", n.ClientCredentials(apps.Service))
	wantInvalidGrant(t, n.Exchange(apps.Web, code, asked.Verifier)) // a replay
	wantInvalidGrant(t, n.Refresh(apps.Web, second.Refresh))

	third := use("second login", alice.Login(t, n, apps.Web))
	n.Revoke(apps.Web, third.Access).Want(t, 200)
	n.Revoke(apps.Web, third.Refresh).Want(t, 200)
	if err := alice.Logout(n, third.ID); err != nil {
		t.Fatal(err)
	}
	n.Admin("POST", "/keys/rotate", map[string]any{"at_once": true}).Want(t, 204)
	rotated := n.Admin("POST", "/clients/service/secret", nil).Want(t, 200)
	s.add("the service's new secret", rotated.Text("client_secret"))
	n.MustCLI(s.add("bob's password", "correct-horse-battery")+"\n", "user", "create", "bob")
	n.MustCLI(s.add("bob's next password", "staple-horse-battery")+"\n", "user", "set-password", "bob")
}

// sendCanaries puts a secret of its own into every place where one may turn up by mistake.
func sendCanaries(n *Node, apps Apps, s *secrets) {
	count := 0
	canary := func(place string) string {
		count++
		return s.add("the canary in "+place, fmt.Sprintf("canary%02d-%s", count, Random()))
	}
	for _, path := range []string{"/token", "/introspect", "/revoke"} {
		n.Post(path, s.addApp(App{ID: apps.Web.ID, Secret: canary(path + " basic")}), "grant_type", "client_credentials")
		n.Post(path, App{ID: apps.Web.ID}, "client_secret", canary(path+" secret in the body"))
		n.Post(path+"?client_secret="+canary(path+" query"), apps.Web)
		n.Post(path, apps.Web, "grant_type", "refresh_token", "refresh_token", canary(path+" refresh token"), "token", canary(path+" token"))
		n.Post(path, apps.Web, "grant_type", "authorization_code", "code", canary(path+" code"), "code_verifier", canary(path+" verifier"))
		n.Post(path, apps.Web, "grant_type", canary(path+" grant type"), "scope", canary(path+" scope"))
		n.Post(path, apps.Web, "client_assertion", canary(path+" assertion"))
		n.Post(path, apps.Web, canary(path+" a parameter's name"), "x")
	}
	for _, path := range []string{"/validate", "/userinfo", "/token", "/livez", "/nowhere"} {
		n.bearer(path, canary(path+" bearer"))
		n.bearer(path, "eyJhbGciOiJSUzI1NiJ9."+canary(path+" claims")+".c2ln")
		n.bearer(path+"?access_token="+canary(path+" query"), "x")
		Do(withHeader(request("GET", n.URL+path, nil), "Authorization", canary(path+" scheme")))
		Do(withHeader(request("GET", n.URL+path, nil), "Cookie", "tollgate_session="+canary(path+" cookie")))
	}
	Do(request("GET", n.URL+"/authorize?client_id="+canary("client id")+"&response_type="+canary("response type"), nil))
	Do(request("GET", n.Ask(apps.Web, "id_token_hint", canary("hint")).URL, nil))
	Do(request("GET", n.URL+"/logout?id_token_hint="+canary("logout hint"), nil))
	Do(request("GET", n.URL+"/login?interaction="+canary("interaction"), nil))
	Do(request("GET", n.URL+"/consent?interaction="+canary("interaction"), nil))
	Do(request("GET", n.URL+"/"+canary("path"), nil))
	Do(withHeader(request("GET", n.Ops+"/admin/v1/clients", nil), "Authorization", "Bearer "+canary("admin token")))
	wrong := NewBrowser(DemoUser, canary("password"))
	wrong.Visit(n.Ask(apps.Web).URL)
	batch := request("POST", n.URL+"/introspect/batch", strings.NewReader(`{"tokens":["`+canary("batch")+`"], "`+canary("member")+`": 1}`))
	Do(withHeader(batch, "Content-Type", "application/json"))
	for _, line := range []string{
		"GET /validate\x01%s HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \x00%s\r\n\r\n",
		"GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer %s\r\n\r\n",
		"GET /validate HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n",
		"%s\r\n\r\n",
		"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n",
	} {
		raw(n, fmt.Sprintf(line, canary("a malformed request")))
	}
}

func withHeader(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

// raw sends bytes and waits until they are answered.
func raw(n *Node, request string) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	io.WriteString(conn, request)
	io.ReadAll(conn)
}
