package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"tollgate/redisx/redistest"
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
		{"wrong\n", []string{"authorization-code", "--login", "alice"}, "wrong username or password"},
		{"tgr_nonsense\n", []string{"refresh"}, "invalid_grant"},
		{"", []string{"refresh"}, "standard input is empty"},
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

// Grants and tokens are made by a server and ended by commands beside it.
func TestGrantAndToken_SeenAndEnded(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	mustRun(t, in.env, "a password of bob\n", "user", "create", "bob")
	mustRun(t, in.env, "", "client", "create", "phone", "--public", "--redirect-uri", "http://127.0.0.1/callback", "--scope", "openid offline_access")
	address := freeAddress(t)
	in.env = append(in.env, "TOLLGATE_LISTEN__PUBLIC="+address, "TOLLGATE_ISSUER=http://"+address)
	p, public, _ := startServe(t, in)
	awaitStatus(t, public+"/readyz", 200)
	signInAsBob := func() (access, refresh string) {
		out := mustRun(t, nil, "a password of bob\n", "flow", "authorization-code", "--issuer", public, "--client-id", "phone",
			"--scope", "openid offline_access", "--login", "bob", "-o", "json")
		return jsonText(t, out, "access_token"), jsonText(t, out, "refresh_token")
	}
	inspect := func(token string) (v tokenView) {
		if err := json.Unmarshal([]byte(mustRun(t, in.env, token+"\n", "token", "inspect", "-o", "json")), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	grants := func() (all []grantView) {
		if err := json.Unmarshal([]byte(mustRun(t, in.env, "", "grant", "list", "--user", "bob", "-o", "json")), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}

	access, refresh := signInAsBob()
	if v := inspect(access); !v.Active || v.ClientID != "phone" || !strings.HasPrefix(v.Subject, "usr_") {
		t.Errorf("access token: %+v", v)
	}
	if v := inspect(refresh); !v.Active || v.TokenUse != "refresh_token" {
		t.Errorf("refresh token: %+v", v)
	}
	if all := grants(); len(all) != 1 || all[0].ClientID != "phone" || !all[0].Refreshable {
		t.Errorf("grants: %+v", all)
	}
	mustRun(t, in.env, refresh+"\n", "token", "revoke")
	if v := inspect(access); v.Active || v.Problem == "" {
		t.Errorf("after its refresh token was revoked: %+v", v)
	}

	access, _ = signInAsBob()
	mustRun(t, in.env, "", "grant", "revoke", string(grants()[0].ID))
	if v := inspect(access); v.Active {
		t.Errorf("after its grant was revoked: %+v", v)
	}
	access, _ = signInAsBob()
	mustRun(t, in.env, "", "grant", "revoke", "--user", "bob", "--client", "phone")
	if v := inspect(access); v.Active || len(grants()) != 0 {
		t.Errorf("after the consent was withdrawn: %+v, %v", v, grants())
	}
	if v := inspect("nonsense"); v.Active {
		t.Errorf("nonsense: %+v", v)
	}
	for _, args := range [][]string{{"grant", "list"}, {"grant", "revoke"}, {"grant", "revoke", "x", "--user", "bob"}} {
		if r := run(t, in.env, "", args...); r.code != exitUsage {
			t.Errorf("%v: exit %d: %s", args, r.code, r.err)
		}
	}
	p.stop(syscall.SIGTERM)
}
