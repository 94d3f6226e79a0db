package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestFlow_EveryGrantAgainstDev(t *testing.T) {
	_, _, issuer, _ := startDev(t)
	flow := func(input string, args ...string) string {
		t.Helper()
		return mustRun(t, nil, input, append([]string{"flow", args[0], "--issuer", issuer, "-o", "json"}, args[1:]...)...)
	}
	if got := jsonText(t, flow("", "client-credentials", "--scope", "orders:read"), "scope"); got != "orders:read" {
		t.Errorf("scope is %q", got)
	}
	first := flow("alice-password\n", "authorization-code", "--login", "alice")
	jsonText(t, first, "id_token")
	second := flow(jsonText(t, first, "refresh_token")+"\n", "refresh")
	if jsonText(t, second, "refresh_token") == jsonText(t, first, "refresh_token") {
		t.Error("the refresh token was not rotated")
	}
	web := flow("alice-password\n", "authorization-code", "--login", "alice", "--client-id", "demo-web",
		"--client-secret", "demo-web-secret", "--redirect-uri", "http://127.0.0.1:8085/callback", "--scope", "openid orders:read")
	if got := jsonText(t, web, "scope"); got != "openid orders:read" {
		t.Errorf("scope is %q", got)
	}
}

// The person's own browser: the printed address, the pages, the loopback port.
func TestFlow_AuthorizationCodeThroughABrowser(t *testing.T) {
	_, _, issuer, _ := startDev(t)
	p := start(t, nil, "flow", "authorization-code", "--issuer", issuer, "-o", "json")
	address, err := url.Parse(p.await(`\n  (http://\S+/authorize\?\S+)\n`))
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := url.Parse(address.Query().Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	if got := status(redirect.String() + "?state=another&code=stolen"); got != http.StatusBadRequest {
		t.Errorf("an answer with another state got %d", got)
	}
	answer, err := signIn(t.Context(), address.String(), redirect, "alice", "alice-password")
	if err != nil {
		t.Fatal(err)
	}
	redirect.RawQuery = answer.Encode()
	if got := status(redirect.String()); got != http.StatusOK {
		t.Errorf("the browser got %d", got)
	}
	if err := <-p.end; err != nil {
		t.Fatalf("%v: %s", err, p.out.String())
	}
	p.await(`"id_token": "eyJ`)
}

func TestFlow_FailuresSayWhatToDo(t *testing.T) {
	_, _, issuer, _ := startDev(t)
	for _, story := range []struct {
		input string
		args  []string
		want  string
	}{
		{"", []string{"client-credentials", "--issuer", "http://127.0.0.1:1"}, "is `tollgate dev` running?"},
		{"", []string{"client-credentials", "--client-secret", "wrong"}, "invalid_client"},
		{"", []string{"client-credentials", "--scope", "nonsense"}, "invalid_scope"},
		{"", []string{"client-credentials", "--client-secret-file", "absent"}, "absent"},
		{"wrong\n", []string{"authorization-code", "--login", "alice"}, "the issuer says: Wrong username or password\n"},
		{"alice-password\n", []string{"authorization-code", "--login", "alice", "--client-id", "nobody"},
			"the issuer refused: This request cannot go on: The application that sent you here asked for something that is not right. " +
				"Nothing was shared with it. ("},
		{"tgr_nonsense\n", []string{"refresh"}, "invalid_grant"},
		{"", []string{"refresh", "tgr_nonsense"}, "invalid_grant"},
		{"", []string{"refresh", "--refresh-token", "tgr_nonsense"}, "invalid_grant"},
		{"", []string{"refresh"}, "standard input is empty; write the refresh token to it"},
	} {
		args := append([]string{"flow"}, story.args...)
		if !slices.Contains(args, "--issuer") {
			args = append(args, "--issuer", issuer)
		}
		r := run(t, nil, story.input, args...)
		if r.code != exitFailed || !strings.Contains(r.err, story.want) || r.out != "" {
			t.Errorf("%v: exit %d: %s%s", story.args, r.code, r.out, r.err)
		}
	}
}

func TestFlow_ACertificateThatIsRefusedIsSaid(t *testing.T) {
	cert, key, _ := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	trusting := []string{"SSL_CERT_FILE=" + cert}
	elsewhere := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, story := range []struct {
		env          []string
		issuer, want string
	}{
		{nil, server.URL, "the certificate of " + server.URL + " is refused: x509: certificate signed by unknown authority; " +
			"name a file with the certificate of who signed it in SSL_CERT_FILE\n"},
		{trusting, elsewhere, "the certificate of " + elsewhere + " is refused: x509: certificate is not valid for any names, but wanted to match localhost\n"},
		{trusting, server.URL, server.URL + " answered 404 when asked for its metadata; is it an issuer?\n"},
	} {
		if r := run(t, story.env, "", "flow", "client-credentials", "--issuer", story.issuer); r.code != exitFailed || r.err != "tollgate: "+story.want {
			t.Errorf("%v, %s: exit %d: %s", story.env, story.issuer, r.code, r.err)
		}
	}
}

func TestFlow_LockOutIsSaid(t *testing.T) {
	_, _, issuer, _ := startDev(t)
	said := ""
	for range 100 { // ten at once, and one more for every twelve seconds that they take
		r := run(t, nil, "wrong\n", "flow", "authorization-code", "--login", "alice", "--issuer", issuer)
		if said = r.err; !strings.Contains(said, "Wrong username or password") {
			break
		}
	}
	if !regexp.MustCompile(`^tollgate: the issuer says: Too many attempts\. Wait \d+ seconds?, then try again\n$`).MatchString(said) {
		t.Errorf("said %s", said)
	}
}

// A page of somebody else's cannot drive the terminal.
func TestFlow_WordsOfAPageAreForATerminal(t *testing.T) {
	check := func(source, want string) {
		t.Helper()
		root, err := html.Parse(strings.NewReader(source))
		if err != nil {
			t.Fatal(err)
		}
		p := &page{status: 400}
		p.read(root)
		if got := p.words(); got != want {
			t.Errorf("%.40q is read as %q, want %q", source, got, want)
		}
	}
	check("<h1>No\x1b[31m</h1>", "No?[31m")
	check("<h1>No</h1><p class=lead>Not <b>you</b>.</p><dl><dd>a · b</dd><dd>42</dd></dl>", "No: Not you. (a · b)")
	check("<p role=alert>Wrong.</p><h1>Sign in</h1>", "Wrong")
	check(`{"error":"x"}`, "its page has status 400 and no message that this command understands")
	check("<h1>"+strings.Repeat("x", 500)+"</h1>", strings.Repeat("x", 400)+"…")
}

func TestFlow_MisuseIsSaid(t *testing.T) {
	for _, issuer := range []string{"127.0.0.1:8080", "auth.example.com", "ftp://auth.example.com", "http://", ""} {
		r := run(t, nil, "", "flow", "client-credentials", "--issuer", issuer)
		if want := fmt.Sprintf("tollgate: --issuer is %q; begin it with http:// or https://\n", issuer); r.code != exitUsage || !strings.HasPrefix(r.err, want) {
			t.Errorf("exit %d: %s", r.code, r.err)
		}
	}
	if r := run(t, nil, "", "flow", "refresh", "tgr_S3CRET", "--refresh-token", "tgr_S3CRET"); r.code != exitUsage || strings.Contains(r.err, "S3CRET") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestFlow_TheBrowserIsToldHowItEnded(t *testing.T) {
	_, _, issuer, _ := startDev(t)
	for _, story := range []struct{ answer, want string }{
		{"error=access_denied", "Access was denied (access_denied); the application got nothing. You can close this window"},
		{"error=invalid_scope&error_description=no%1bsuch", "This did not work: invalid_scope: no?such. You can close this window"},
	} {
		p := start(t, nil, "flow", "authorization-code", "--issuer", issuer)
		address, err := url.Parse(p.await(`\n  (http://\S+/authorize\?\S+)\n`))
		if err != nil {
			t.Fatal(err)
		}
		asked := address.Query()
		response, err := http.Get(asked.Get("redirect_uri") + "?state=" + asked.Get("state") + "&iss=" + url.QueryEscape(issuer) + "&" + story.answer)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if page, _ := io.ReadAll(response.Body); !strings.HasPrefix(string(page), story.want) {
			t.Errorf("%s: the page says %s", story.answer, page)
		}
		if err := <-p.end; err == nil {
			t.Errorf("%s: the command succeeded", story.answer)
		}
	}
}

func TestFlow_AnswerMustFitTheRequest(t *testing.T) {
	a := &attempt{state: "state", nonce: "nonce", issuer: "http://issuer"}
	for _, story := range []struct{ answer, want string }{
		{"state=state&iss=http://issuer&code=c", ""},
		{"state=other&iss=http://issuer&code=c", "the answer carries another state"},
		{"iss=http://issuer&code=c", "the answer carries another state"},
		{"state=state&iss=http://mallory&code=c", `the answer comes from another issuer, "http://mallory"`},
		{"state=state&code=c", `the answer comes from another issuer, ""`},
		{"state=state&iss=http://issuer&error=access_denied&error_description=no", "access_denied: no"},
		{"state=state&iss=http://issuer", "the answer carries no code"},
	} {
		answer, err := url.ParseQuery(story.answer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.check(answer); fmt.Sprint(err) != story.want && !(err == nil && story.want == "") {
			t.Errorf("%s: %v", story.answer, err)
		}
	}
	if a.checkNonce("e30.eyJub25jZSI6Im90aGVyIn0.x") == nil {
		t.Error("an id_token with another nonce passes")
	}
	if err := a.checkNonce("e30.eyJub25jZSI6Im5vbmNlIn0.x"); err != nil {
		t.Error(err)
	}
}
