package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tollgate/flows/store"
	"tollgate/redisx/redistest"
)

// audited is a server with an audit log, and who asks it things.
type audited struct {
	t           *testing.T
	in          *installation
	process     *process
	public, ops string
	browser     *http.Client
	file        string
}

func startAudited(t *testing.T, redisAddr string, more ...string) *audited {
	t.Helper()
	a := &audited{t: t, in: install(t, redisAddr, more...)}
	address := redistest.FreeAddr(t)
	a.file = filepath.Join(a.in.dir, "audit.log")
	a.in.env = append(a.in.env, "TOLLGATE_LISTEN__PUBLIC="+address, "TOLLGATE_ISSUER=http://"+address, "TOLLGATE_LOG__AUDIT_FILE="+a.file)
	a.process, a.public, a.ops = startServe(t, a.in)
	awaitStatus(t, a.public+"/readyz", 200)
	var err error
	if a.browser, err = newBrowser(&url.URL{Host: "127.0.0.1:8085", Path: "/callback"}); err != nil {
		t.Fatal(err)
	}
	return a
}

// ask sends a request and returns the answer's JSON.
func (a *audited) ask(want int, method, target, body string, header ...string) map[string]any {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != want {
		a.t.Fatalf("%s %s: %d %s, want %d", method, target, response.StatusCode, text, want)
	}
	var v map[string]any
	_ = json.Unmarshal(text, &v) // some answers have no body
	return v
}

func (a *audited) admin(want int, method, path, body string, header ...string) map[string]any {
	a.t.Helper()
	header = append([]string{"Authorization", "Bearer " + a.in.secret[1], "Content-Type", "application/json", "X-Request-Id", "of-admin"}, header...)
	return a.ask(want, method, a.ops+"/admin/v1"+path, body, header...)
}

func (a *audited) form(want int, path string, pairs ...string) map[string]any {
	a.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return a.ask(want, "POST", a.public+path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "X-Request-Id", "of-client")
}

// page loads a page, fills its form with pairs, and sends it.
func (a *audited) page(target string, pairs ...string) {
	a.t.Helper()
	request, _ := http.NewRequestWithContext(a.t.Context(), http.MethodGet, target, nil)
	p, _, err := turn(a.browser, request)
	if err != nil || p == nil || p.form == nil {
		a.t.Fatalf("%s: %+v, %v", target, p, err)
	}
	for i := 0; i < len(pairs); i += 2 {
		p.form.fields.Set(pairs[i], pairs[i+1])
	}
	if request, err = p.form.submit(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	if _, _, err = turn(a.browser, request); err != nil {
		a.t.Fatal(err)
	}
}

const (
	auditVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	auditChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	auditRedirect  = "http://127.0.0.1:8085/callback"
)

func (a *audited) authorizeURL() string {
	return a.public + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {auditRedirect}, "scope": {"openid offline_access"},
		"code_challenge": {auditChallenge}, "code_challenge_method": {"S256"},
	}.Encode()
}

// code takes bob, who is signed in, through the pages.
func (a *audited) code() string {
	a.t.Helper()
	answer, err := browse(a.t.Context(), a.browser, a.authorizeURL(), "bob", "a password of bob")
	if err != nil || answer.Get("code") == "" {
		a.t.Fatal(answer, err)
	}
	return answer.Get("code")
}

func (a *audited) redeem(want int, secret, code string) map[string]any {
	a.t.Helper()
	return a.form(want, "/token", "grant_type", "authorization_code", "client_id", "app", "client_secret", secret,
		"code", code, "redirect_uri", auditRedirect, "code_verifier", auditVerifier)
}

// lines returns what is in the file, and fails where a line is not one whole event.
func (a *audited) lines() (all []store.Event) {
	a.t.Helper()
	return auditLines(a.t, a.file)
}

func auditLines(t *testing.T, name string) (all []store.Event) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	last := map[string]int64{} // of each process that writes
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var e store.Event
		decoder := json.NewDecoder(strings.NewReader(lines.Text()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil || decoder.More() || !e.Valid() || e.Seq != last[e.Node]+1 || e.Node == "" || e.Time.IsZero() {
			t.Fatalf("line %d is no event: %q, %v", len(all)+1, lines.Text(), err)
		}
		last[e.Node]++
		all = append(all, e)
	}
	return all
}

// awaitLines waits until an event of that type is in the file.
func (a *audited) awaitLines(eventType string) []store.Event {
	a.t.Helper()
	all, _ := a.awaitLine(func(e store.Event) bool { return string(e.Type) == eventType })
	return all
}

func (a *audited) awaitLine(is func(store.Event) bool) (all []store.Event, found store.Event) {
	a.t.Helper()
	eventually(a.t, 10*time.Second, func() error {
		all = a.lines()
		i := slices.IndexFunc(all, is)
		if i < 0 {
			return fmt.Errorf("it is not in %+v", all)
		}
		found = all[i]
		return nil
	})
	return all, found
}

func TestAudit_EachEventOnceWithWhoDidItAndFromWhere(t *testing.T) {
	t.Run("memory", func(t *testing.T) { auditEverything(t, "127.0.0.1:1", "TOLLGATE_STORE=memory") })
	t.Run("redis", func(t *testing.T) {
		redis := redistest.Start(t)
		a := auditEverything(t, redis.Addr)
		command(t, redis.Addr, "FLUSHALL")
		all := a.awaitLines("store_rolled_back")
		if e := all[len(all)-1]; e.By != "" || e.RequestID != "" {
			t.Errorf("%+v", e)
		}
	})
}

// auditEverything makes every security event happen over HTTP, and compares the whole file.
func auditEverything(t *testing.T, redisAddr string, more ...string) *audited {
	a := startAudited(t, redisAddr, append(more, "TOLLGATE_RATE_LIMITS__LOGIN=1/m burst 2", "TOLLGATE_TOKENS__REFRESH_REPLAY_WINDOW=0s")...)
	bob := a.admin(201, "POST", "/users", `{"username":"bob","password":"a password of bob"}`)["sub"].(string)
	carl := a.admin(201, "POST", "/users", `{"username":"carl","password":"a password of carl"}`)["sub"].(string)
	const app = `"grant_types":["authorization_code","refresh_token"],"redirect_uris":["` + auditRedirect + `"],"scope":"openid offline_access"`
	a.admin(201, "POST", "/clients", `{"client_id":"app",`+app+`}`)
	a.admin(200, "PUT", "/clients/app", `{"client_name":"Shop",`+app+`}`, "If-Match", `"1"`)
	secret := a.admin(200, "POST", "/clients/app/secret", `{}`)["client_secret"].(string)
	a.ask(401, "GET", a.ops+"/admin/v1/clients", "", "Authorization", "Bearer wrong", "X-Request-Id", "of-stranger")

	a.form(401, "/token", "grant_type", "client_credentials", "client_id", "app", "client_secret", "wrong")
	a.form(401, "/revoke", "token", "x", "client_id", "unheard-of", "client_secret", "wrong")
	a.form(401, "/introspect", "token", "x", "client_id", "app")
	for range 3 {
		a.page(a.public+"/login", "username", "carl", "password", "wrong")
	}
	a.page(a.public+"/login", "username", "nobody", "password", "wrong")
	a.page(a.authorizeURL(), "username", "bob", "password", "a password of bob")
	a.page(a.authorizeURL(), "decision", "deny")

	code := a.code()
	a.redeem(200, secret, code)
	a.redeem(400, secret, code)
	refresh := a.redeem(200, secret, a.code())["refresh_token"].(string)
	for _, want := range []int{200, 400} {
		a.form(want, "/token", "grant_type", "refresh_token", "client_id", "app", "client_secret", secret, "refresh_token", refresh)
	}
	tokens := a.redeem(200, secret, a.code())
	for _, kind := range []string{"access_token", "refresh_token"} {
		a.form(200, "/revoke", "token", tokens[kind].(string), "client_id", "app", "client_secret", secret)
	}
	a.redeem(200, secret, a.code())
	a.admin(204, "POST", "/grants/revoke", `{"username":"bob","client_id":"app"}`)
	a.page(a.public + "/logout")
	a.admin(200, "POST", "/users/bob/password", `{"password":"another password"}`)
	a.admin(200, "POST", "/users/bob/disable", `{}`)
	a.admin(204, "DELETE", "/clients/app", "")
	a.admin(204, "POST", "/keys/rotate", `{"alg":"EdDSA","at_once":true}`)
	_, fresh := a.awaitLine(func(e store.Event) bool { return e.By != "" && e.Detail == "activated" })
	a.admin(204, "POST", "/keys/"+fresh.Key+"/revoke", "")

	all := a.awaitLines("key_revoked")
	var got []string
	for _, e := range all {
		if e.By == "" && e.Type == "key_changed" { // its first keys
			continue
		}
		if strings.HasPrefix(string(e.Type), "key_") {
			if e.Key == "" || e.By != "admin_token" || e.RequestID != "of-admin" {
				t.Errorf("%+v", e)
			}
			continue
		}
		who := strings.NewReplacer(bob, "bob", carl, "carl").Replace(e.Subject)
		got = append(got, strings.TrimRight(fmt.Sprintf("%s|%s|%s|%s|%s", e.Type, e.ClientID, who, e.Detail, e.By), "|"))
		request := map[bool]string{true: "of-admin", false: "of-client"}[e.By != ""]
		switch e.Type {
		case "login", "login_failed", "login_locked", "logout", "consent_given", "consent_denied":
			request = e.RequestID
		case "admin_refused":
			request = "of-stranger"
		}
		if e.RemoteAddr != "127.0.0.1" || e.RequestID == "" || e.RequestID != request {
			t.Errorf("%+v does not name its request", e)
		}
	}
	want := []string{
		"user_changed||bob|created|admin_token",
		"user_changed||carl|created|admin_token",
		"client_changed|app||created|admin_token",
		"client_changed|app||updated|admin_token",
		"client_changed|app||secret rotated|admin_token",
		"admin_refused",
		"client_refused|app||wrong secret",
		"client_refused|||unknown client",
		"client_refused|app||no secret",
		"login_failed||carl|wrong password",
		"login_failed||carl|wrong password",
		"login_locked||carl",
		"login_failed|||unknown user",
		"login|app|bob",
		"consent_denied|app|bob",
		"consent_given|app|bob",
		"code_replayed|app|bob",
		"refresh_reused|app|bob",
		"token_revoked|app|bob",
		"grant_revoked|app|bob|revoked",
		"consent_withdrawn|app|bob||admin_token",
		"grant_revoked|app|bob|consent withdrawn|admin_token",
		"logout||bob",
		"user_changed||bob|password set|admin_token",
		"grant_revoked||bob|all of the user|admin_token",
		"user_changed||bob|disabled|admin_token",
		"grant_revoked||bob|all of the user|admin_token",
		"client_changed|app||disabled|admin_token",
		"grant_revoked|app||all of the client|admin_token",
		"client_changed|app||deleted|admin_token",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the file says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return a
}

// Row 51: whatever is typed or sent, a line stays a line and a field a field.
func TestAudit_NoInputForgesALineOrAField(t *testing.T) {
	a := startAudited(t, redistest.Start(t).Addr, "TOLLGATE_RATE_LIMITS__LOGIN=off")
	mustRun(t, a.in.env, "", "client", "create", "app")
	evil := []string{
		"x\r\n{\"type\":\"login\",\"client\":\"forged\"}", "\x1b[2Jforged", `","client":"forged","x":"`, "forged\u2028\u202e", `\u000aforged`, "app\x00forged",
		strings.Repeat("forged", 300),
	}
	before := len(a.awaitLines("client_changed"))
	for _, text := range evil {
		a.ask(401, "POST", a.public+"/token", "grant_type=client_credentials", "Content-Type", "application/x-www-form-urlencoded",
			"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(text)+":forged")), "X-Request-Id", "id "+strings.Map(printableASCII, text), "User-Agent", strings.Map(printableASCII, text))
		if !strings.ContainsAny(text, "\x00\u202e\x1b") { // what no form may hold is refused before
			a.page(a.public+"/login", "username", text, "password", "forged")
		}
	}
	a.form(401, "/token", "grant_type", "client_credentials", "client_id", "app", "client_secret", "forged")
	if _, err := a.process.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	all := a.lines()[before:]
	text, _ := os.ReadFile(a.file)
	if strings.Contains(string(text), "forged") {
		t.Errorf("something was forged in:\n%s", text)
	}
	refused := 0
	for _, e := range all {
		if e.Type != "client_refused" && e.Type != "login_failed" {
			t.Errorf("%+v", e)
		}
		if e.Type == "client_refused" {
			refused++
		}
		if e.ClientID != "" && e.ClientID != "app" || e.Subject != "" {
			t.Errorf("%+v names somebody who does not exist", e)
		}
	}
	if last := all[len(all)-1]; refused != len(evil)+1 || last.ClientID != "app" {
		t.Errorf("%d of %d refusals are told, the last of %q", refused, len(evil)+1, last.ClientID)
	}
}

func printableASCII(r rune) rune {
	if r < ' ' || r > '~' {
		return '.'
	}
	return r
}

func TestAudit_AFloodIsBoundedInTheFileAndInTheLog(t *testing.T) {
	a := startAudited(t, redistest.Start(t).Addr, "TOLLGATE_RATE_LIMITS__PER_IP=off")
	mustRun(t, a.in.env, "", "client", "create", "app")
	const flood = 500
	for range flood {
		a.form(401, "/token", "grant_type", "client_credentials", "client_id", "app", "client_secret", "wrong")
	}
	if text := bodyOf(t, a.ops+"/metrics"); !strings.Contains(text, "tollgate_audit_dropped_lines_total 0") {
		t.Error("lost audit lines are not exposed")
	}
	if _, err := a.process.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	told, counted := 0, int64(0)
	for _, e := range a.lines() {
		if e.Type == "client_refused" {
			told++
			counted += max(1, e.Count)
		}
	}
	if told > 60 || counted != flood {
		t.Errorf("%d lines tell of %d refusals, want %d", told, counted, flood)
	}
	if n := strings.Count(a.process.out.String(), `"event":"client_refused"`); n != told {
		t.Errorf("the log has %d lines of them, the file %d", n, told)
	}
}
