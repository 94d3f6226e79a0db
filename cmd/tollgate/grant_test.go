package main

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"tollgate/redisx/redistest"
	"tollgate/server"
)

// seenToken is what the tests look at of an inspected token.
type seenToken struct {
	Active   bool   `json:"active"`
	Problem  string `json:"problem"`
	TokenUse string `json:"token_use"`
	ClientID string `json:"client_id"`
	Subject  string `json:"sub"`
}

// Grants and tokens are made by a server and ended by commands beside it.
func TestGrantAndToken_SeenAndEnded(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	mustRun(t, in.env, "a password of bob\n", "user", "create", "bob")
	mustRun(t, in.env, "", "client", "create", "phone", "--public", "--redirect-uri", "http://127.0.0.1/callback", "--scope", "openid offline_access")
	address := redistest.FreeAddr(t)
	in.env = append(in.env, "TOLLGATE_LISTEN__PUBLIC="+address, "TOLLGATE_ISSUER=http://"+address)
	p, public, _ := startServe(t, in)
	awaitStatus(t, public+"/readyz", 200)
	signInAsBob := func() (access, refresh string) {
		out := mustRun(t, nil, "a password of bob\n", "flow", "authorization-code", "--issuer", public, "--client-id", "phone",
			"--scope", "openid offline_access", "--login", "bob", "-o", "json")
		return jsonText(t, out, "access_token"), jsonText(t, out, "refresh_token")
	}
	inspect := func(token string) (v seenToken) {
		if err := json.Unmarshal([]byte(mustRun(t, in.env, token+"\n", "token", "inspect", "-o", "json")), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	grants := func() (all []server.GrantView) {
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
	ended := grants()[0].ID
	mustRun(t, in.env, "", "grant", "revoke", string(ended))
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
	for want, lines := range map[string][]string{
		"tollgate: there is no such client; see `tollgate client list`\n": {"list --client nobody", "revoke --client nobody", "revoke --client nobody --user bob"},
		"tollgate: there is no such user; see `tollgate user list`\n":     {"list --user nobody", "revoke --user nobody"},
		"tollgate: there is no such grant; see `tollgate grant list`\n":   {"revoke nonsense", "revoke -- " + string(ended)},
	} {
		for _, line := range lines {
			if r := run(t, in.env, "", append([]string{"grant"}, strings.Fields(line)...)...); r.code != exitFailed || r.err != want || r.out != "" {
				t.Errorf("grant %s: exit %d: %s%s", line, r.code, r.out, r.err)
			}
		}
	}
	for line, want := range map[string]string{
		"list":                "say whose: --user, --client or both",
		"revoke":              "name a grant, or say whose: --user, --client or both",
		"revoke x --user bob": "name a grant, or a user or client, not both",
	} {
		r := run(t, in.env, "", append([]string{"grant"}, strings.Fields(line)...)...)
		if r.code != exitUsage || !strings.HasPrefix(r.err, "tollgate: "+want+"\n") {
			t.Errorf("grant %s: exit %d: %s", line, r.code, r.err)
		}
	}
	p.stop(syscall.SIGTERM)
}
