//go:build attacks

package attacks

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

func otherSpellings(x *trial) {
	name := x.person()
	for _, other := range []string{strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name + "@example.com", name + " ", " " + name, strings.Replace(name, "o", "ο", 1), "ｐ" + name[1:], name + "\u200b"} {
		v := x.visitor()
		x.page(v.fillIn(v.form(v.get("/login")), other, personPassword), 401)
	}
	x.visitor().signIn(name, personPassword)
}

func guessing(x *trial) {
	x.moveOut("TOLLGATE_RATE_LIMITS__LOGIN=5/m burst 4", `TOLLGATE_TRUSTED_PROXIES=127.0.0.1/32`)
	from := func(address string) func(username, password string) answer {
		v := x.visitor()
		form := v.form(v.get("/login"))
		return func(username, password string) answer {
			form.Fields.Set("username", username)
			form.Fields.Set("password", password)
			return v.send(form, "X-Forwarded-For", address)
		}
	}
	far := from("203.0.113.1")
	for range 4 {
		x.page(far(e2e.DemoUser, "guess"), 401)
	}
	for _, password := range []string{"guess", e2e.DemoPassword} { // even the right one
		a := far(e2e.DemoUser, password)
		if x.page(a, 429); a.Header.Get("Retry-After") == "" {
			x.Error("a 429 that does not say when to come back")
		}
	}
	if a := from("203.0.113.2")(e2e.DemoUser, e2e.DemoPassword); a.Status != 303 {
		x.Errorf("the victim is answered %d at home", a.Status)
	}
	spray := from("203.0.113.3")
	refused, start := 0, time.Now()
	for i := range 60 {
		if a := spray(fmt.Sprint("nobody", i), "Summer2026!"); a.Status == 429 {
			refused++
		} else {
			x.page(a, 401)
		}
	}
	regained := int(time.Since(start).Seconds()*50/60) + 1 // ten times the rate of one user
	if refused < 60-40-regained {
		x.Errorf("one address tries 60 users, and is refused %d times", refused)
	}
}

func oddPasswords(x *trial) {
	try := func(password string) answer {
		v := x.visitor()
		return v.fillIn(v.form(v.get("/login")), e2e.DemoUser, password)
	}
	x.page(try(""), 400)
	x.page(try(strings.Repeat("p", 1025)), 400)
	x.page(try(e2e.DemoPassword+"\x00"), 400)
	x.page(try(e2e.DemoPassword+strings.Repeat("x", 73)), 401)
	x.page(try(strings.Repeat("p", 1024)), 401)
	for _, other := range []string{strings.ToUpper(e2e.DemoPassword), e2e.DemoPassword + " ", strings.Replace(e2e.DemoPassword, "a", "á", 1)} {
		x.page(try(other), 401)
	}
	long := strings.Repeat("p", 72)
	name := strings.ToLower("long-" + e2e.Random()[:8])
	x.node.AddUser(x.T, name, long+"-and-more")
	v := x.visitor()
	x.page(v.fillIn(v.form(v.get("/login")), name, long+"-and-else"), 401)
	v.signIn(name, long+"-and-more")
	body := "password=" + strings.Repeat("p", 1<<20)
	x.tooLarge(x.raw(fmt.Sprintf("POST /login HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s", x.address(), formType, len(body), body)))
}

// Passwords are slow to check on purpose: that must be nobody else's burden.
func loginStorm(x *trial) {
	v := x.visitor()
	form := v.form(v.get("/login"))
	form.Fields.Set("username", e2e.DemoUser)
	form.Fields.Set("password", "wrong")
	x.outage = true // who is told to come back is told 503
	var checks sync.WaitGroup
	var slow, checked int
	done := make(chan struct{})
	checks.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			took, _, err := probe(x.node, x.token)
			if checked++; err != nil {
				x.Error(err)
				return
			}
			if took > max(2*x.baseline, probeFloor) {
				slow++
			}
			time.Sleep(time.Millisecond)
		}
	})
	var mu sync.Mutex
	count := map[int]int{}
	together(1000, func(int) {
		a := v.exchange(form.Request())
		mu.Lock()
		defer mu.Unlock()
		if count[a.Status]++; a.Status == 503 && a.Header.Get("Retry-After") == "" {
			x.Error("a 503 that does not say when to come back")
		}
	})
	close(done)
	checks.Wait()
	for status := range count {
		if status != 401 && status != 503 {
			x.Errorf("%d are answered %d", count[status], status)
		}
	}
	if slow > checked/20 {
		x.Errorf("%d of %d checks meanwhile were slow", slow, checked)
	}
	x.note("401, or 503 with Retry-After; 19 of 20 checks beside them in time")
	x.Logf("answers %v; %d of %d checks slow", count, slow, checked)
}

const secureIssuer = "https://auth.example"

func cookieFlags(x *trial) {
	check := func(a answer, prefix string) {
		x.Helper()
		cookies := (&http.Response{Header: a.Header}).Cookies()
		if len(cookies) == 0 {
			x.Error("no cookie was set")
		}
		for _, c := range cookies {
			if !strings.HasPrefix(c.Name, prefix+"tollgate_") || c.Secure != (prefix != "") || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				x.Errorf("cookie %v", c)
			}
		}
	}
	v := x.visitor()
	page := v.get("/login")
	check(page, "")
	check(v.fillIn(v.form(page), e2e.DemoUser, e2e.DemoPassword), "")

	x.moveOut("TOLLGATE_ISSUER=" + secureIssuer)
	page = x.get("/login")
	check(page, "__Host-")
	check(x.signInSecurely(page, e2e.DemoPassword), "__Host-")
}

// signInSecurely sends the form of a page of an https issuer, as what ends TLS in front would pass it on.
func (x *trial) signInSecurely(page answer, password string) answer {
	x.Helper()
	f := x.visitor().form(page)
	f.Fields.Set("username", e2e.DemoUser)
	f.Fields.Set("password", password)
	var cookies []string
	for _, c := range (&http.Response{Header: page.Header}).Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	return x.post("/login", f.Fields.Encode(), "Cookie", strings.Join(cookies, "; "), "Origin", secureIssuer)
}

func abandoned(x *trial) {
	const many = 2000
	var before int
	if x.store != "memory" {
		before = x.memory()
	} else {
		before = x.inUse(x)
	}
	together(20, func(int) {
		for range many / 20 {
			if a := e2e.Do(x.request("GET", strings.TrimPrefix(x.node.Ask(x.web).URL, x.node.URL), "")); a.Status != 303 {
				x.Errorf("answered %d", a.Status)
				return
			}
		}
	})
	if x.store == "memory" {
		if grown := (x.inUse(x) - before) / many; grown > 8<<10 {
			x.Errorf("%d bytes of memory each", grown)
		}
		x.note("%d left open, at most 8 KB of memory each", many)
		return
	}
	if grown := (x.memory() - before) / many; grown > 1<<10 {
		x.Errorf("%d bytes of Redis each", grown)
	}
	found := 0
	for _, k := range x.keys() {
		if strings.HasPrefix(k.name, x.prefix+":interaction:") {
			if found++; k.lives <= 0 || k.lives > (10*time.Minute).Milliseconds() {
				x.Fatalf("%s lives %d ms", k.name, k.lives)
			}
		}
	}
	if found < many {
		x.Errorf("%d interactions in Redis, want %d", found, many)
	}
	x.note("%d left open, at most 1 KB of Redis each, none for longer than ten minutes", many)
}

func pageHeaders(x *trial) {
	x.moveOut("TOLLGATE_ISSUER=" + secureIssuer)
	login := x.get("/login")
	pages := []answer{
		login, x.get("/authorize"), x.get("/logout"), x.get("/consent?interaction=x"), x.get("/login?interaction=" + e2e.Random()),
		x.get("/authorize?client_id=nobody"), x.signInSecurely(login, "wrong"), x.post("/login", "username=a&password=b"),
	}
	for _, a := range pages {
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			x.Errorf("%d is no page: %s", a.Status, a.Header.Get("Content-Type"))
		}
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "",
		} {
			if got := a.Header.Get(name); got != want {
				x.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		policy := a.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none';", "frame-ancestors 'none'", "base-uri 'none'", "form-action '"} {
			if !strings.Contains(policy, part) {
				x.Errorf("the policy lacks %s: %s", part, policy)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			x.Errorf("the policy is too wide: %s", policy)
		}
	}
}
