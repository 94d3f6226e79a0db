package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tollgate/redisx/redistest"
)

// jsonText returns one text member of a JSON object.
func jsonText(t *testing.T, object, member string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		t.Fatalf("%v in %s", err, object)
	}
	text, ok := members[member].(string)
	if !ok || text == "" {
		t.Fatalf("no %s in %s", member, object)
	}
	return text
}

func TestCLI_MisuseIsExitTwoAndNamesTheHelp(t *testing.T) {
	for _, story := range []struct{ line, want string }{
		{"nonsense", "Try: tollgate help"},
		{"nonsense", "tollgate has no command nonsense\n"},
		{"serv", "tollgate has no command serv; did you mean serve?\n"},
		{"client nonsense", "Try: tollgate client --help"},
		{"client lst", "tollgate client has no command lst; did you mean list?\n"},
		{"token tgr_S3CRET", "tollgate token has no such command\n"},
		{"token tgr_S3CRET --output json", "tollgate token has no such command\n"},
		{"serv --config x", "tollgate has no command serv; did you mean serve?\n"},
		{"client creat orders --grant client_credentials", "tollgate client has no command creat; did you mean create?\n"},
		{"key rotat --now", "tollgate key has no command rotat; did you mean rotate?\n"},
		{"key rotat -x", "tollgate key has no command rotat; did you mean rotate?\n"},
		{"confg check --config x", "tollgate has no command confg; did you mean config?\n"},
		{"user update alice --email x@y.z", "tollgate user has no command update\n"},
		{"user update alice --email x@y.z", "Try: tollgate user --help"},
		{"--nonsense", "unknown flag: --nonsense"},
		{"client --nonsense", "unknown flag: --nonsense"},
		{"client --nonsense tgr_S3CRET", "unknown flag: --nonsense"},
		{"token inspect tgr_S3CRET tgr_S3CRET", "tollgate token inspect takes one token\n"},
		{"flow client-credentials tgr_S3CRET", "tollgate flow client-credentials takes no argument\n"},
		{"client get", "name the client: tollgate client get ID\n"},
		{"client get a b", "tollgate client get takes one client\n"},
		{"user set-password", "name the user: tollgate user set-password USERNAME\n"},
		{"key revoke", "name the key: tollgate key revoke KID\n"},
		{"key revoke -x", "put -- before a name that begins with -\n"},
		{"config check tollgate.yaml", "name the configuration file with --config\n"},
		{"serve tollgate.yaml", "name the configuration file with --config\n"},
		{"client list all", "tollgate client list takes no argument\n"},
		{"client", "tollgate client wants one of its commands"},
		{"client get", "Try: tollgate client get --help"},
		{"client list --nonsense", "unknown flag: --nonsense"},
		{"client list --output xml", `--output is "xml"; it can be table or json`},
		{"dev --listen", "flag needs an argument"},
		{"version extra", "Try: tollgate version --help"},
	} {
		r := run(t, nil, "", strings.Fields(story.line)...)
		if r.code != exitUsage || !strings.Contains(r.err, story.want) || r.out != "" || strings.Contains(r.err, "S3CRET") {
			t.Errorf("%s: exit %d: %s%s", story.line, r.code, r.out, r.err)
		}
	}
}

// A shell variable that is not set: nothing may be made, shown or ended for it.
func TestCLI_EmptyArgumentsAreRefused(t *testing.T) {
	for _, story := range []struct{ line, want string }{
		{"client create", "the client is empty: tollgate client create [ID]\n"},
		{"client get", "the client is empty: tollgate client get ID\n"},
		{"user delete", "the user is empty: tollgate user delete USERNAME\n"},
		{"key revoke", "the key is empty: tollgate key revoke KID\n"},
		{"grant revoke", "the grant is empty: tollgate grant revoke [GRANT]\n"},
		{"grant revoke --user alice", "the grant is empty: tollgate grant revoke [GRANT]\n"},
		{"token inspect", "the token is empty: tollgate token inspect [TOKEN]\n"},
		{"flow refresh", "the token is empty: tollgate flow refresh [TOKEN]\n"},
		{"bench", "the load is empty: tollgate bench [LOAD]\n"},
	} {
		r := run(t, nil, "", append(strings.Fields(story.line), "")...)
		if r.code != exitUsage || !strings.HasPrefix(r.err, "tollgate: "+story.want) || r.out != "" {
			t.Errorf("%s: exit %d: %s%s", story.line, r.code, r.out, r.err)
		}
	}
}

// Left out, these flags mean everybody or everything.
func TestCLI_EmptyFlagsThatNarrowAreRefused(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	for _, story := range []struct {
		args []string
		want string
	}{
		{[]string{"grant", "revoke", "--client", "shop", "--user", ""}, "--user is empty"},
		{[]string{"grant", "revoke", "--user", "alice", "--client", ""}, "--client is empty"},
		{[]string{"grant", "list", "--user", "alice", "--client="}, "--client is empty"},
		{[]string{"key", "rotate", "--alg", ""}, `--alg is ""; it can be RS256 ES256 EdDSA`},
		{[]string{"events", "--client", ""}, "--client is empty"},
		{[]string{"events", "--user", ""}, "--user is empty"},
	} {
		r := run(t, in.env, "", story.args...)
		if r.code != exitUsage || !strings.HasPrefix(r.err, "tollgate: "+story.want+"\n") || r.out != "" {
			t.Errorf("%v: exit %d: %s%s", story.args, r.code, r.out, r.err)
		}
	}
}

func TestCLI_WithoutAnythingShowsHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"help"}} {
		out := mustRun(t, nil, "", args...)
		for _, command := range []string{"dev", "serve", "config", "client", "user", "key", "grant", "token", "events", "flow", "version"} {
			if !strings.Contains(out, "\n  "+command+" ") {
				t.Errorf("%v: %s is missing", args, command)
			}
		}
	}
}

func TestCLI_Version(t *testing.T) {
	if goVersion := jsonText(t, mustRun(t, nil, "", "version", "--output", "json"), "go"); !strings.HasPrefix(goVersion, "go1.") {
		t.Error(goVersion)
	}
}

func TestCLI_VersionFlag(t *testing.T) {
	if out := mustRun(t, nil, "", "--version"); !regexp.MustCompile(`^tollgate \S+ \(commit \S+, go1\.\S+\)\n$`).MatchString(out) {
		t.Error(out)
	}
}

func TestConfigCheck_EveryProblemAndExitOne(t *testing.T) {
	broken := filepath.Join("config", "testdata", "broken", "many.yaml")
	r := run(t, nil, "", "config", "check", "--config", broken)
	if r.code != exitFailed || !strings.Contains(r.err, broken+":\n  issuer (line 1): ") || !strings.Contains(r.err, "14 problems") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	var answer checked
	r = run(t, []string{"TOLLGATE_CONFIG=" + broken}, "", "config", "check", "--output", "json")
	if err := json.Unmarshal([]byte(r.out), &answer); err != nil || r.code != exitFailed {
		t.Fatalf("exit %d, %v: %s", r.code, err, r.out)
	}
	if answer.OK || len(answer.Problems) != 14 || answer.Problems[0].Path != "issuer" || answer.Problems[0].Line != 1 {
		t.Errorf("got %+v", answer)
	}
}

func TestConfigPrint_ShowsNoSecret(t *testing.T) {
	in := install(t, "127.0.0.1:6379")
	for _, args := range [][]string{{"config", "print"}, {"config", "print", "--output", "json"}, {"config", "check"}} {
		out := mustRun(t, in.env, "", args...)
		for _, secret := range in.secret {
			if strings.Contains(out, secret) {
				t.Errorf("%v shows %s", args, secret)
			}
		}
	}
	if out := mustRun(t, in.env, "", "config", "print"); strings.Count(out, "# <secret>") != 2 {
		t.Errorf("secrets are not marked:\n%s", out)
	}
}

func TestClient_WholeLife(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	created := mustRun(t, in.env, "", "client", "create", "shop", "--name", "The shop", "--redirect-uri", "https://shop.example.com/cb", "--scope", "openid profile", "-o", "json")
	secret := jsonText(t, created, "client_secret")
	if got := mustRun(t, in.env, "", "client", "get", "shop", "-o", "json"); strings.Contains(got, "secret") || jsonText(t, got, "scope") != "openid profile" {
		t.Errorf("get shows %s", got)
	}
	updated := mustRun(t, in.env, "", "client", "update", "shop", "--name", "Shop", "-o", "json")
	if jsonText(t, updated, "client_name") != "Shop" || jsonText(t, updated, "scope") != "openid profile" {
		t.Errorf("update made %s", updated)
	}
	if r := run(t, in.env, "", "client", "update", "shop", "-o", "json"); r.code != exitUsage || !strings.Contains(r.err, "nothing to change") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	for _, public := range []string{"--public", "--public=false"} {
		r := run(t, in.env, "", "client", "update", "shop", public, "--name", "Stall")
		if r.code != exitUsage || !strings.Contains(r.err, "whether a client is public is said when it is created; create another\n") {
			t.Errorf("%s: exit %d: %s", public, r.code, r.err)
		}
	}
	rotated := mustRun(t, in.env, "", "client", "rotate-secret", "shop", "-o", "json")
	if jsonText(t, rotated, "client_secret") == secret {
		t.Error("the secret is the same")
	}
	if list := mustRun(t, in.env, "", "client", "list"); !strings.Contains(list, "shop   Shop   authorization_code refresh_token   openid profile") {
		t.Errorf("list shows %s", list)
	}
	mustRun(t, in.env, "", "client", "delete", "shop")
	for _, args := range [][]string{{"client", "get", "shop"}, {"client", "delete", "shop"}, {"client", "update", "shop", "--name", "x"}} {
		r := run(t, in.env, "", args...)
		if r.code != exitFailed || !strings.Contains(r.err, "there is no such client; see `tollgate client list`") {
			t.Errorf("%v: exit %d: %s", args, r.code, r.err)
		}
	}
}

func TestClient_UpdateSaysThatListsAreReplaced(t *testing.T) {
	replaces := regexp.MustCompile(`(?m)^ +--(\S+) .*; replaces all there are$`)
	for command, want := range map[string]string{
		"update": "allowed-origin grant post-logout-redirect-uri redirect-uri scope",
		"create": "",
	} {
		var got []string
		for _, found := range replaces.FindAllStringSubmatch(mustRun(t, nil, "", "client", command, "--help"), -1) {
			got = append(got, found[1])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v", command, got)
		}
	}
}

func TestClient_RefusedWithTheReason(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	mustRun(t, in.env, "", "client", "create", "taken")
	for _, story := range []struct {
		args []string
		want string
	}{
		{[]string{"taken"}, "exists already"},
		{[]string{"a", "--redirect-uri", "https://a.example/cb,http://app.example.com/cb"},
			`redirect_uris: "http://app.example.com/cb" must be https, save on 127.0.0.1, [::1] and localhost`},
		{[]string{"b", "--grant", "client_credentials,implicit"},
			`grant_types: "implicit" is not one of authorization_code, refresh_token, client_credentials`},
		{[]string{"c", "--signing-alg", "HS256"}, `signing_alg: "HS256" is not one of RS256, ES256, EdDSA`},
		{[]string{"d", "--auth-method", "\x1b[2Jtls", "--signing-alg", "none"},
			`token_endpoint_auth_method: "?[2Jtls" is not one of client_secret_basic, client_secret_post, none; signing_alg: "none" is not`},
		{[]string{"usr_e"}, `client_id: "usr_e" must not start with "usr_"`},
		{[]string{"f g"}, `client_id: "f g" is wrong; wants 1 to 128 of A-Z a-z 0-9 . _ - ~ : /`},
		{[]string{"g", "--redirect-uri", "https://g.example/cb", "--grant", "refresh_token"}, "grant_types: refresh_token needs authorization_code\n"},
	} {
		r := run(t, in.env, "", append([]string{"client", "create"}, story.args...)...)
		if r.code != exitFailed || !strings.Contains(r.err, story.want) {
			t.Errorf("%v: exit %d: %s", story.args, r.code, r.err)
		}
	}
}

func TestUser_WholeLife(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	created := mustRun(t, in.env, "the first password\n", "user", "create", "bob", "--email", "bob@example.com", "-o", "json")
	if !strings.HasPrefix(jsonText(t, created, "sub"), "usr_") || strings.Contains(created, "argon2") {
		t.Errorf("created %s", created)
	}
	if r := run(t, in.env, "short\n", "user", "set-password", "bob"); r.code != exitFailed || !strings.Contains(r.err, "at least 8") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	mustRun(t, in.env, "the second password\n", "user", "set-password", "bob")
	if out := mustRun(t, in.env, "", "user", "disable", "bob", "-o", "json"); !strings.Contains(out, `"disabled": true`) {
		t.Error(out)
	}
	if out := mustRun(t, in.env, "", "user", "enable", "bob", "-o", "json"); !strings.Contains(out, `"disabled": false`) || jsonText(t, out, "usable_from") == "" {
		t.Error(out)
	}
	if out := mustRun(t, in.env, "", "user", "get", "bob"); !strings.Contains(out, "usable from") || !strings.Contains(out, "what is issued before has ended already") {
		t.Error(out)
	}
	if list := mustRun(t, in.env, "", "user", "list"); !strings.Contains(list, "bob@example.com") {
		t.Error(list)
	}
	mustRun(t, in.env, "", "user", "delete", "bob")
	if r := run(t, in.env, "", "user", "get", "bob"); r.code != exitFailed || !strings.Contains(r.err, "there is no such user") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	for input, want := range map[string]string{
		"":                    "standard input is empty; write the password to it, or run this in a terminal",
		"\na good password\n": "the first line of standard input is empty; the password belongs there",
	} {
		if r := run(t, in.env, input, "user", "create", "eve"); r.code != exitFailed || r.err != "tollgate: "+want+"\n" {
			t.Errorf("exit %d: %s", r.code, r.err)
		}
	}
	r := run(t, in.env, "a good password\n", "user", "create", "Eve", "--email", "eve at home")
	if want := "tollgate: email: \"eve at home\" is wrong; wants one address; username: \"Eve\" is wrong; wants 1 to 128 of a-z 0-9 . _ - @ +\n"; r.code != exitFailed || r.err != want {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestManage_OnlyWhereThereIsAStore(t *testing.T) {
	r := run(t, []string{"TOLLGATE_ISSUER=http://127.0.0.1:8080", "TOLLGATE_STORE=memory"}, "", "client", "list")
	if r.code != exitFailed || !strings.Contains(r.err, "/admin/v1") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	r = run(t, install(t, "127.0.0.1:1").env, "", "client", "list")
	if r.code != exitFailed || !strings.Contains(r.err, "no Redis answers at 127.0.0.1:1; start it, or correct redis.addresses") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestManage_WithoutAConfigurationSaysWhatToDoForDev(t *testing.T) {
	for line, want := range map[string]string{
		"client list":              "; for `tollgate dev` use /admin/v1 on its ops listener:\n  issuer: ",
		"token inspect x":          "; for `tollgate dev` use /admin/v1 on its ops listener:\n  issuer: ",
		"events":                   "; the events of `tollgate dev` are in its log, or in the Redis that --redis names:\n  issuer: ",
		"config print":             "is not enough:\n  issuer: ",
		"client list --config x.y": "tollgate: x.y:\n  cannot read",
	} {
		if r := run(t, nil, "", strings.Fields(line)...); r.code != exitFailed || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit %d: %s", line, r.code, r.err)
		}
	}
}

// The example that people copy is good once it has a master key, and says so about everything else.
func TestDeploy_ExampleConfigurationIsGood(t *testing.T) {
	example := filepath.Join(root, "deploy", "tollgate.yaml")
	key, err := filepath.Abs(filepath.Join("config", "testdata", "good", "files", "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, []string{"TOLLGATE_KEYS__MASTER_KEY_FILE=" + key}, "", "config", "check", "--config", example)
	r := run(t, nil, "", "config", "check", "--config", example)
	if !strings.Contains(r.err, "/run/secrets/master_key does not exist") || !strings.HasSuffix(r.err, "\n  1 problem\n") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}
