package main

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"tollgate/redisx/redistest"
)

// Scripts read the same records wherever they ask.
func TestViews_CommandLineAndAdminAPIAgree(t *testing.T) {
	in := install(t, redistest.Start(t).Addr)
	mustRun(t, in.env, "a password of bob\n", "user", "create", "bob")
	mustRun(t, in.env, "", "client", "create", "bare", "--grant", "")
	mustRun(t, in.env, "", "client", "create", "phone", "--public", "--redirect-uri", "http://127.0.0.1/callback", "--scope", "openid offline_access",
		"--allowed-origin", "https://app.example.com")
	address := redistest.FreeAddr(t)
	in.env = append(in.env, "TOLLGATE_LISTEN__PUBLIC="+address, "TOLLGATE_ISSUER=http://"+address)
	_, public, ops := startServe(t, in)
	awaitStatus(t, public+"/readyz", 200)
	tokens := mustRun(t, nil, "a password of bob\n", "flow", "authorization-code", "--issuer", public, "--client-id", "phone",
		"--scope", "openid offline_access", "--login", "bob", "-o", "json")

	admin := func(path, body string) (v any) {
		t.Helper()
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		request, _ := http.NewRequest(method, ops+"/admin/v1"+path, strings.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+in.secret[1])
		if body != "" {
			request.Header.Set("Content-Type", "application/json")
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		if err := json.Unmarshal(text, &v); err != nil || response.StatusCode != 200 {
			t.Fatalf("%s: %d %s", path, response.StatusCode, text)
		}
		if list, ok := v.(map[string]any)["items"]; ok {
			return list
		}
		return v
	}
	for line, seen := range map[string]any{
		"client list":           admin("/clients", ""),
		"client get bare":       admin("/clients/bare", ""),
		"user list":             admin("/users", ""),
		"user get bob":          admin("/users/bob", ""),
		"key list":              admin("/keys", ""),
		"grant list --user bob": admin("/grants?username=bob", ""),
		"token inspect " + jsonText(t, tokens, "access_token"):  admin("/tokens/inspect", `{"token":"`+jsonText(t, tokens, "access_token")+`"}`),
		"token inspect " + jsonText(t, tokens, "refresh_token"): admin("/tokens/inspect", `{"token":"`+jsonText(t, tokens, "refresh_token")+`"}`),
		"token inspect nonsense":                                admin("/tokens/inspect", `{"token":"nonsense"}`),
	} {
		var own any
		out := mustRun(t, in.env, "", append(strings.Fields(line), "-o", "json")...)
		if err := json.Unmarshal([]byte(out), &own); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(own, seen) {
			t.Errorf("%s says\n%v\nthe admin API\n%v", line, own, seen)
		}
		if strings.Contains(out, " null") || strings.Contains(out, `hash":`) { // an id may spell either word
			t.Errorf("%s shows %s", line, out)
		}
	}
	bare := mustRun(t, in.env, "", "client", "get", "bare", "-o", "json")
	for _, member := range []string{`"grant_types": []`, `"redirect_uris": []`, `"allowed_origins": []`, `"introspect_any": false`, `"disabled": false`} {
		if !strings.Contains(bare, member) {
			t.Errorf("%s is missing in %s", member, bare)
		}
	}
	if phone := mustRun(t, in.env, "", "client", "get", "phone", "-o", "json"); !strings.Contains(phone, `"https://app.example.com"`) {
		t.Errorf("the page's origin is missing in %s", phone)
	}
	if r := run(t, in.env, "", "client", "update", "phone", "--allowed-origin", "https://app.example.com/"); r.code == 0 || !strings.Contains(r.err, `"https://app.example.com/" is wrong`) {
		t.Errorf("%+v", r)
	}
	mustRun(t, in.env, "", "client", "create", "gateway", "--introspect-any")
	if list := mustRun(t, in.env, "", "client", "list"); !strings.Contains(list, "INTROSPECTS ANY") || !strings.Contains(list, "yes") {
		t.Errorf("list shows %s", list)
	}
}
