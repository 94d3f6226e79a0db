//go:build siege

package siege

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// exam asks two kinds of questions in turns, either first by chance, and judges their times. Both must be
// answered with the status.
func exam(t *testing.T, b *besieged, samples, status int, first, other func(i int) string) judgement {
	t.Helper()
	return examOnEach(t, b, 1, samples, status, first, other)
}

// examOnEach is exam on several connections at once: what takes a core for long need not be waited for alone.
func examOnEach(t *testing.T, b *besieged, conns, samples, status int, first, other func(i int) string) judgement {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // what we collect must not show in what we measure
	took := make([][2][]time.Duration, conns)
	var all sync.WaitGroup
	for i := range took {
		s := b.stopwatch(t)
		all.Go(func() {
			var err error
			if took[i], err = s.inTurns(samples/conns, status, [2]func(int) string{first, other}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, more := range took[1:] {
		took[0][0], took[0][1] = append(took[0][0], more[0]...), append(took[0][1], more[1]...)
	}
	return judge(took[0][0], took[0][1])
}

// inTurns returns how long each of so many answers of two kinds took.
func (s *stopwatch) inTurns(samples, status int, kinds [2]func(int) string) (took [2][]time.Duration, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	took = [2][]time.Duration{make([]time.Duration, 0, samples), make([]time.Duration, 0, samples)}
	const warm = 200
	for i := range samples + warm {
		begin := rand.IntN(2)
		for _, kind := range []int{begin, 1 - begin} {
			d, got, err := s.time(kinds[kind](i))
			if err != nil || got != status {
				return took, fmt.Errorf("sample %d of kind %d: %d %v, want %d", i, kind, got, err, status)
			}
			if i >= warm {
				took[kind] = append(took[kind], d)
			}
		}
		if i%1000 == 0 {
			runtime.GC()
		}
	}
	return took, nil
}

// post is a request with a form, as bytes.
func (b *besieged) post(path, headers string, pairs ...string) string {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	body := form.Encode()
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n%sContent-Length: %d\r\n\r\n%s", path, b.host, headers, len(body), body)
}

func basic(id, secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret))) + "\r\n"
}

func (b *besieged) withSecret(id, secret string) string {
	return b.post("/token", basic(id, secret), "grant_type", "client_credentials")
}

// like returns a name that nobody has, as long as another.
func like(name string) string { return "x" + e2e.Random()[:len(name)-1] }

func samples(t *testing.T) int { return size(t, "SIEGE_SAMPLES", 20_000) }

// What may differ must be seen to differ, or nothing is shown by what does not.
func TestTiming_T0_DifferencesAreSeen(t *testing.T) {
	b := besiege(t)
	j := exam(t, b, samples(t)/10, 401,
		func(int) string { return b.withSecret(like("service"), e2e.Random()) },
		func(int) string {
			return b.post("/token", "Authorization: Basic !\r\n", "grant_type", "client_credentials")
		})
	record(t, "T0", !j.equal(), "%s", j)
}

func TestTiming_T1_ClientExists(t *testing.T) {
	b := besiege(t)
	id := b.apps.Service.ID
	j := exam(t, b, samples(t), 401,
		func(int) string { return b.withSecret(id, e2e.Random()) },
		func(int) string { return b.withSecret(like(id), e2e.Random()) })
	record(t, "T1", j.equal(), "%s", j)
}

func TestTiming_T2_SecretPrefix(t *testing.T) {
	b := besiege(t)
	id, secret := b.apps.Service.ID, b.apps.Service.Secret
	right := secret[:len(secret)/2]
	j := exam(t, b, samples(t), 401,
		func(int) string { return b.withSecret(id, right+e2e.Random()[:len(secret)-len(right)]) },
		func(int) string { return b.withSecret(id, like(secret)) })
	record(t, "T2", j.equal(), "%s", j)
}

// login is a login form that was shown once, and can be sent again and again.
type login struct {
	b       *besieged
	cookies string
	fields  url.Values
}

func (b *besieged) login(t *testing.T) login {
	t.Helper()
	page := b.Get("/login").Want(t, 200)
	r, _ := http.NewRequest("GET", b.URL+"/login", nil)
	form, err := e2e.ReadForm(r.URL, page.Body)
	if err != nil {
		t.Fatal(err)
	}
	var cookies []string
	for _, c := range (&http.Response{Header: page.Header}).Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	return login{b, "Cookie: " + strings.Join(cookies, "; ") + "\r\n", form.Fields}
}

func (l login) as(username, password string) string {
	pairs := []string{"username", username, "password", password}
	for name := range l.fields {
		if name != "username" && name != "password" {
			pairs = append(pairs, name, l.fields.Get(name))
		}
	}
	return l.b.post("/login", l.cookies, pairs...)
}

func TestTiming_T3_UserExists(t *testing.T) {
	b := besiege(t)
	form := b.login(t)
	j := examOnEach(t, b, 2, size(t, "SIEGE_LOGINS", 20_000), 401, // a hash of a password each
		func(int) string { return form.as(e2e.DemoUser, e2e.Random()) },
		func(int) string { return form.as(like(e2e.DemoUser), e2e.Random()) })
	record(t, "T3", j.equal(), "%s", j)
}

// A made-up refresh token is told from one of ours without asking anybody; but one that is long forgotten
// must look like one that was revoked.
func TestTiming_T4_RefreshTokenRevoked(t *testing.T) {
	b := besiege(t)
	alice := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword)
	forgotten := alice.Login(t, b.Node, b.apps.Web).Refresh
	families, err := b.redis.Do("KEYS", "*:family:*")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range families.([]any) {
		b.redis.Text(t, "DEL", key.(string))
	}
	revoked := alice.Login(t, b.Node, b.apps.Web).Refresh
	b.Revoke(b.apps.Web, revoked).Want(t, 200)
	gateway := basic(b.apps.Gateway.ID, b.apps.Gateway.Secret)
	j := exam(t, b, samples(t), 200,
		func(int) string { return b.post("/introspect", gateway, "token", revoked) },
		func(int) string { return b.post("/introspect", gateway, "token", forgotten) })
	record(t, "T4", j.equal(), "%s", j)
}

// A login that could ride on the same check of somebody else's would be quicker, and tell that it was right.
func TestTiming_T5_NobodyRidesOnAnothersCheck(t *testing.T) {
	b := besiege(t)
	form := b.login(t)
	leader, follower := b.stopwatch(t), b.stopwatch(t)
	var took [2][]time.Duration
	for i := range 2 * size(t, "SIEGE_RIDES", 500) {
		kind := i % 2
		password := [2]string{e2e.Random(), e2e.Random()}
		var led sync.WaitGroup
		led.Go(func() { leader.time(form.as(e2e.DemoUser, password[0])) })
		time.Sleep(3 * time.Millisecond)
		d, status, err := follower.time(form.as(e2e.DemoUser, password[kind]))
		led.Wait()
		if err != nil || status != 401 {
			t.Fatalf("%d %v", status, err)
		}
		took[kind] = append(took[kind], d)
	}
	j := judge(took[0], took[1])
	record(t, "T5", j.equal(), "%s", j)
}
