//go:build attacks

package attacks

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"

	"tollgate/cmd/tollgate/e2e"
)

// Rows 43 to 51: credentials, types, forms, texts, JSON, the log.

func twoAuthorizations(x *trial) {
	for _, path := range []string{"/token", "/introspect", "/revoke", "/userinfo"} {
		a := x.raw("POST " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: " + basic(x.service) + "\r\nauthorization: " + basic(x.service) + "\r\n" + formType + sized(tokenForm))
		x.bad(a, "invalid_request")
	}
	x.challenged(x.raw(getOf("/validate", "Host: x\r\nAuthorization: Bearer "+x.token+"\r\nAuthorization: Bearer "+x.token+"\r\n")), 401, "invalid_token")
	for _, path := range []string{"/validate", "/userinfo"} {
		x.challenged(x.raw(getOf(path, "Host: x\r\nAuthorization: Bearer "+x.token+", Bearer "+x.token+"\r\n")), 401, "invalid_token")
	}
}

func oddTypes(x *trial) {
	for _, lines := range []string{
		"",
		"Content-Type: text/plain\r\n",
		"Content-Type: application/json\r\n",
		"Content-Type: multipart/form-data; boundary=x\r\n",
		strings.TrimSuffix(formType, "\r\n") + "EVIL\r\n",
		strings.TrimSuffix(formType, "\r\n") + "; charset=utf-7\r\n",
		"Content-Type: text/plain\r\n" + formType,
		formType + "Content-Type: text/plain\r\n",
	} {
		x.bad(x.raw(x.tokenRequest(lines, sized(tokenForm))), "invalid_request")
	}
}

// atOnce wants what is done to take no time worth mentioning, network and all.
func (x *trial) atOnce(do func()) {
	x.Helper()
	const limit = 50 * time.Millisecond // on a machine that does much else
	fastest := time.Hour
	for range 3 {
		start := time.Now()
		do()
		if fastest = min(fastest, time.Since(start)); fastest < limit {
			return
		}
	}
	x.Errorf("it took %s", fastest)
}

func largeForms(x *trial) {
	params := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "p%d=v&", i)
		}
		return b.String()
	}
	for _, form := range []string{params(10_000)[:60<<10], strings.Repeat("k", 60<<10) + "=v", "=a&=b", strings.Repeat("&", 60<<10), strings.Repeat("a=b&", 15_000)} {
		x.atOnce(func() { x.bad(x.postAs(x.service, "/token", form), "invalid_request") })
	}
	x.oversized(x.raw(x.tokenRequest(formType, sized(strings.Repeat("k", 1<<20)+"=v"))), 413)
}

func oddText(x *trial) {
	for _, text := range []string{"a%00b", "a%C0%AFb", "a%ED%A0%80b", "%EF%BB%BFa", "a%E2%80%AEb", "a%FFb", "a%0D%0Ab"} {
		for _, name := range []string{"scope", "surprise"} {
			x.bad(x.postAs(x.service, "/token", tokenForm+"&"+name+"="+text), "invalid_request")
		}
	}
	x.bad(x.postAs(x.service, "/token", "grant_type=client_credentials%00password"), "invalid_request")
}

func lookAlikes(x *trial) {
	app := x.node.AddApp(x, map[string]any{"client_id": "kiosk-" + hex.EncodeToString([]byte(e2e.Random()[:6])), "grant_types": []string{"client_credentials"}, "scope": "orders:read"})
	x.good(x.postAs(app, "/token", tokenForm))
	for _, twin := range twinsOf(app.ID) {
		x.unknownClient(x.postAs(e2e.App{ID: twin, Secret: app.Secret}, "/token", tokenForm), true)
	}
	name := strings.ToLower(app.ID) // users are ASCII in lower case: the rest is refused when it is registered
	x.node.AddUser(x, name, e2e.DemoPassword)
	x.status(x.signIn(name, e2e.DemoPassword), 303)
	for _, twin := range twinsOf(name) {
		x.status(x.signIn(twin, e2e.DemoPassword), 401)
		x.status(x.saw(x.node.Admin("POST", "/users", map[string]any{"username": twin, "password": e2e.DemoPassword})), 400)
	}
}

// twinsOf are names that look like one with k, i and s in it, or that some fold onto it.
func twinsOf(name string) []string {
	return []string{
		strings.Replace(name, "k", "\u212a", 1), strings.Replace(name, "i", "ı", 1), strings.Replace(name, "s", "ſ", 1), "ｋ" + name[1:],
		strings.Replace(name, "o", "o\u0308", 1), strings.ToUpper(name), " " + name, name + "\u00a0", name + "\u200b",
	}
}

// signIn answers the login page with a name and a password, in a browser that is new.
func (x *trial) signIn(username, password string) answer {
	x.Helper()
	page := x.get("/login")
	form, err := e2e.ReadForm(x.request("GET", "/login", "").URL, page.Body)
	if err != nil {
		x.Fatal(err)
	}
	form.Fields.Set("username", username)
	form.Fields.Set("password", password)
	r := form.Request()
	for _, cookie := range page.Header.Values("Set-Cookie") {
		value, _, _ := strings.Cut(cookie, ";")
		r.Header.Add("Cookie", value)
	}
	return x.ask(r)
}

func oddJSON(x *trial) {
	quoted := `"` + x.token + `"`
	wide := utf16.Encode([]rune(`{"tokens":[` + quoted + `]}`))
	utf16le := make([]byte, 0, 2*len(wide))
	for _, c := range wide {
		utf16le = append(utf16le, byte(c), byte(c>>8))
	}
	for _, body := range []string{
		`{"tokens":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		strings.Repeat(`{"tokens":`, 40_000),
		`{"tokens":[` + quoted + `],"tokens":[]}`,
		`{"tokens":[` + quoted + `]}x`,
		`{"tokens":[` + quoted + `]}{}`,
		`{"tokens":1e999}`,
		string(utf16le),
		"\ufeff" + `{"tokens":[` + quoted + `]}`,
		`{"tokens":[` + quoted + `]/*x*/}`,
		`{"tokens":[` + quoted + `,]}`,
		"{\"tokens\":[\"\xff\"]}",
	} {
		x.atOnce(func() {
			x.bad(x.ask(x.request("POST", "/introspect/batch", body, "Content-Type", "application/json", "Authorization", basic(x.gateway))), "invalid_request")
		})
	}
	for _, body := range []string{`{"client_id":"a","client_id":"b"}`, `{"client_id":"a"}x`, strings.Repeat("[", 50_000), `{"client_id":1e999}`} {
		r := x.request("POST", "", body, "Content-Type", "application/json")
		r.URL.Host, r.Host, r.URL.Path = x.ops(), x.ops(), "/admin/v1/clients"
		r.Header.Set("Authorization", "Bearer "+x.node.AdminToken())
		x.atOnce(func() { x.status(x.ask(r.Clone(x.Context())), 400, 401) })
	}
}

func logForgery(x *trial) {
	const forged = "x\r\n{\"level\":\"error\",\"msg\":\"forged\"}\x1b[31m\"\u2028\u009b"
	for _, text := range []string{forged, "\x1b[31mred", `"},{"x":"`, "\u202eevil", "\u0085"} {
		escaped := url.QueryEscape(text)
		x.postAs(e2e.App{ID: text, Secret: "x"}, "/token", tokenForm)
		x.post("/token", tokenForm+"&client_id="+escaped)
		x.get("/authorize?client_id=" + escaped)
		x.get("/nothing/" + url.PathEscape(text))
		x.signIn(text, "x")
		x.raw(getOf("/livez", "Host: x\r\nUser-Agent: "+strings.NewReplacer("\r", "", "\n", "").Replace(text)+"\r\n"))
		a := x.raw(getOf("/livez", "Host: x\r\nX-Request-Id: "+strings.NewReplacer("\r", "", "\n", "", "\x1b", "").Replace(text)+"\r\n"))
		if mentions(a, "evil") || mentions(a, "red") || mentions(a, "forged") {
			x.Errorf("X-Request-Id comes back: %v", a.Header)
		}
	}
	if log := x.node.LogsSince(x.visits[0].logged); strings.Contains(log, `"msg":"forged"`) {
		x.Errorf("a line was forged: %s", lineWith(log, "forged"))
	}
}
