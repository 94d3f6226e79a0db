//go:build attacks

package attacks

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

// spell lists what a secret may look like where it must not be: as it is, escaped, encoded, or cut off.
func spell(secret string) []string {
	part := secret[:len(secret)*3/4]
	return []string{part, url.QueryEscape(part), strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(part[:len(part)/3*3])), "=")}
}

// nowhereIn wants none of the secrets to be in a text.
func (x *trial) nowhereIn(place, text string, secrets []string) {
	x.Helper()
	if text == "" {
		x.Errorf("%s: nothing was read", place)
	}
	for _, secret := range secrets {
		for _, form := range spell(secret) {
			if strings.Contains(text, form) {
				x.Errorf("%s has %s", place, secret)
				break
			}
		}
	}
}

// stored is all that Redis holds of the installation, "" in memory.
func (x *trial) stored() string {
	x.Helper()
	if x.store == "memory" {
		return ""
	}
	var text strings.Builder
	for _, k := range x.keys() {
		fmt.Fprintln(&text, k.name, k.holds)
	}
	return text.String()
}

// useEverything goes through every flow as it is meant, and returns every secret on the way.
func (x *trial) useEverything() (secrets []string) {
	x.Helper()
	note := func(all ...string) {
		for _, s := range all {
			if s == "" {
				x.Fatal("a secret is missing")
			}
			secrets = append(secrets, s)
		}
	}
	note(x.service.Secret, x.gateway.Secret, x.web.Secret)
	v := x.visitor()
	asked := x.node.Ask(x.web)
	login := v.form(v.next(v.get(asked.URL)))
	note(login.Fields.Get("csrf"), login.Fields.Get("interaction"), asked.Verifier, e2e.DemoPassword)
	consent := v.form(v.next(v.fillIn(login, e2e.DemoUser, e2e.DemoPassword)))
	consent.Fields.Set("decision", "allow")
	note(consent.Fields.Get("csrf"), v.cookie(sessionCookie), v.cookie(browserCookie))
	back, _ := url.Parse(v.send(consent).Header.Get("Location"))
	code := back.Query().Get("code")
	note(code)
	use := func(tokens e2e.Tokens) e2e.Tokens {
		x.Helper()
		tokens.Want(x.T, 200)
		note(tokens.Access, partsOf(tokens.Access).signature)
		if tokens.Refresh != "" {
			note(tokens.Refresh, tokens.ID, partsOf(tokens.ID).signature)
		}
		x.node.Introspect(x.gateway, tokens.Access).Want(x.T, 200)
		x.node.Validate(tokens.Access, "").Want(x.T, 200)
		x.node.Admin("POST", "/tokens/inspect", map[string]any{"token": tokens.Access}).Want(x.T, 200)
		return tokens
	}
	first := use(x.node.Exchange(x.web, code, asked.Verifier))
	second := use(x.node.Refresh(x.web, first.Refresh))
	x.node.Introspect(x.gateway, second.Refresh).Want(x.T, 200)
	x.node.Revoke(x.web, second.Access).Want(x.T, 200)
	use(x.node.ClientCredentials(x.service))
	x.node.Exchange(x.web, code, asked.Verifier).Want(x.T, 400) // a replay
	x.node.Refresh(x.web, second.Refresh).Want(x.T, 400)        // whose family that ended
	x.node.Revoke(x.web, x.alice("").Refresh).Want(x.T, 200)
	x.service.Secret = x.node.Admin("POST", "/clients/"+x.service.ID+"/secret", nil).Want(x.T, 200).Text("client_secret")
	note(x.service.Secret)
	name := x.person()
	x.node.Admin("POST", "/users/"+name+"/password", map[string]any{"password": "staple-horse-battery"}).Want(x.T, 200)
	note(personPassword, "staple-horse-battery")
	v.send(v.form(v.get("/logout")))
	return secrets
}

// sendCanaries puts a secret of its own into every place where one may turn up by mistake.
func (x *trial) sendCanaries() {
	x.Helper()
	c := x.canary
	for _, path := range []string{"/token", "/introspect", "/revoke"} {
		x.saw(x.node.Post(path, e2e.App{ID: x.web.ID, Secret: c()}, "grant_type", "client_credentials"))
		x.post(path, "client_id="+x.web.ID+"&client_secret="+c())
		x.postAs(x.web, path+"?client_secret="+c(), "")
		x.postAs(x.web, path, "grant_type=refresh_token&refresh_token="+c()+"&token="+c())
		x.postAs(x.web, path, "grant_type=authorization_code&code="+c()+"&code_verifier="+c())
		x.postAs(x.web, path, "grant_type="+c()+"&scope="+c())
		x.postAs(x.web, path, "client_assertion="+c())
		x.postAs(x.web, path, c()+"=x")
		x.post(path, "token=x&x="+c(), "Content-Type", "text/plain")
	}
	for _, path := range []string{"/validate", "/userinfo", "/token", "/livez", "/nowhere"} {
		x.bearer(path, c())
		x.bearer(path, "eyJhbGciOiJSUzI1NiJ9."+c()+".c2ln")
		x.bearer(path+"?access_token="+c(), "x")
		x.get(path, "Authorization", c())
		x.get(path, "Authorization", "Basic "+c())
		x.get(path, "Cookie", sessionCookie+"="+c())
	}
	x.get("/authorize?client_id=" + c() + "&response_type=" + c())
	x.get("/authorize?client_id=" + x.web.ID + "&redirect_uri=" + url.QueryEscape("https://evil.example/"+c()))
	x.get(strings.TrimPrefix(x.node.Ask(x.web, "id_token_hint", c()).URL, x.node.URL))
	x.get("/logout?id_token_hint=" + c())
	x.get("/login?interaction=" + c())
	x.get("/consent?interaction=" + c())
	x.get("/" + c())
	x.ask(x.admin("GET", "/clients", "", "Bearer "+c()))
	x.ask(x.admin("POST", "/tokens/inspect", `{"token":"`+c()+`"}`, "Bearer "+x.node.AdminToken()))
	x.ask(x.admin("POST", "/users", `{"username":"x","password":"`+c()+`","`+c()+`":1}`, "Bearer "+x.node.AdminToken()))
	v := x.visitor()
	v.fillIn(v.form(v.get("/login")), e2e.DemoUser, c())
	x.batch(x.gateway, `{"tokens":["`+c()+`"],"`+c()+`":1}`)
	x.batch(e2e.App{ID: x.gateway.ID, Secret: c()}, `{"tokens":["`+c()+`"]}`)
	for _, line := range []string{
		"GET /validate\x01%s HTTP/1.1\r\nHost: x\r\n\r\n", "GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \x00%s\r\n\r\n",
		"GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer %s\r\n\r\n", "GET /validate HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", "%s\r\n\r\n",
		"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n", "GET /%s HTTP/9.9\r\nHost: x\r\n\r\n", "%s /token HTTP/1.1\r\nHost: x\r\n\r\n", "GET /livez HTTP/1.1\r\nHost: %s@x\r\n\r\n",
	} {
		x.raw(fmt.Sprintf(line, c()))
	}
}

// monitor gathers what anybody sends to Redis, until read.
func (x *trial) monitor(servers []*redistest.Server) (read func() string) {
	x.Helper()
	var mu sync.Mutex
	var all strings.Builder
	for _, s := range servers {
		conn, err := net.Dial("tcp", s.Addr)
		if err != nil {
			x.Fatal(err)
		}
		x.Cleanup(func() { conn.Close() })
		io.WriteString(conn, "MONITOR\r\n")
		go func() {
			buffer := make([]byte, 64<<10)
			for {
				n, err := conn.Read(buffer)
				mu.Lock()
				all.Write(buffer[:n])
				mu.Unlock()
				if err != nil {
					return
				}
			}
		}()
	}
	return func() string {
		time.Sleep(200 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}

// onDisk is what stands in a Redis server's files.
func (x *trial) onDisk(s *redistest.Server) string {
	x.Helper()
	answer, err := s.Do("CONFIG", "GET", "dir")
	if err != nil {
		x.Fatal(err)
	}
	var text strings.Builder
	filepath.WalkDir(answer.([]any)[1].(string), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			content, _ := os.ReadFile(path)
			text.Write(content)
		}
		return nil
	})
	return text.String()
}

// quit has the node write every stack, as somebody does who looks for a hang, and returns all that it
// ever wrote. It runs again afterwards.
func (x *trial) quit() string {
	x.Helper()
	x.after() // from here on stacks stand between its lines
	x.node.Signal(syscall.SIGQUIT)
	<-x.node.Ended()
	text := x.node.Logs()
	if !strings.Contains(text, "goroutine ") {
		x.Error("no stack was written")
	}
	x.restart()
	for _, v := range x.visits {
		if v.node == x.node {
			v.logged = len(text)
		}
	}
	for _, a := range x.seen {
		a.Header.Del("X-Request-Id") // whose lines have been counted
	}
	return text
}

// restsNowhere is what row 387 wants of a Redis where everything was used.
func (x *trial) restsNowhere(secrets []string, servers []*redistest.Server, traffic string) {
	x.Helper()
	x.nowhereIn("Redis", x.stored(), secrets)
	x.nowhereIn("what travels to Redis", traffic, secrets)
	for _, s := range servers {
		slow, err := s.Do("SLOWLOG", "GET", "-1")
		if err != nil {
			x.Fatal(err)
		}
		x.nowhereIn("the slow log", fmt.Sprint(slow), secrets)
		x.nowhereIn("the files of Redis", x.onDisk(s), secrets)
	}
}

// secretsOf are those of an installation's clients and users.
func (p *place) secretsOf() []string {
	return slices.DeleteFunc([]string{p.service.Secret, p.gateway.Secret, p.web.Secret, e2e.DemoPassword, personPassword}, func(s string) bool { return s == "" })
}
