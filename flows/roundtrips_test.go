package flows

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/redistore"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

const redisStale = 300 * time.Millisecond // in which a node reads anew what it has written

// onRedis is a world whose store is a Redis.
func onRedis(t *testing.T) (*world, *redistest.Server) {
	t.Helper()
	server := redistest.Start(t)
	return anotherOnRedis(t, server), server
}

// anotherOnRedis is one more node.
func anotherOnRedis(t *testing.T, server *redistest.Server) *world {
	t.Helper()
	client, err := redisx.Open(redisx.Config{
		Addresses: []string{server.Addr}, Timeout: 2 * time.Second, MaxStale: redisStale, CachedPrefixes: redistore.CachedPrefixes("p"),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := redistore.New(client, "p")
	t.Cleanup(func() { s.Close() })
	ks := *sharedKeys()
	ks.Version = 1
	if err := s.SaveKeySet(t.Context(), &ks); err != nil && err != store.ErrVersion { // saved by the first node
		t.Fatal(err)
	}
	return newWorld(t, func(c *Config) { c.Store, c.Now, c.MaxStale = s, time.Now, redisStale })
}

// monitor returns what Redis runs while something is done, less what scripts call and what proves
// that a connection lives.
func monitor(t *testing.T, server *redistest.Server) func(do func()) []string {
	t.Helper()
	conn, err := net.Dial("tcp", server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "MONITOR\r\n")
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	marks := 0
	upToMark := func() (commands []string) {
		marks++
		mark := fmt.Sprintf(`"ECHO" "mark %d"`, marks)
		if _, err := server.Do("ECHO", fmt.Sprint("mark ", marks)); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			_, command, _ := strings.Cut(lines.Text(), "] ")
			switch {
			case command == mark:
				return commands
			case command == "", command == `"PING"`, strings.Contains(lines.Text(), " lua] "):
			case strings.Contains(command, ":families:"): // the listing, which is written while the tokens are signed
			default:
				commands = append(commands, command[:min(60, len(command))])
			}
		}
		t.Fatal("monitor: ", lines.Err())
		return nil
	}
	return func(do func()) []string {
		upToMark()
		do()
		return upToMark()
	}
}

func TestRoundTrips_EachFlowCostsItsScript(t *testing.T) {
	w, server := onRedis(t)
	ran := monitor(t, server)
	b, ctx := w.newBrowser(), t.Context()
	tokens := w.tokens(b)
	gateway := basic("demo-gateway", "demo-gateway-secret")
	code := ""
	fail := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	refreshed := func(scope string) {
		r := refresh(tokens.RefreshToken)
		r.Scope = scope
		tokens = must(w.Token(ctx, r))(t)
	}
	time.Sleep(redisStale + 50*time.Millisecond)
	for _, flow := range []struct {
		name    string
		scripts int
		prepare func()
		do      func()
	}{
		{"client_credentials", 0, nil, func() { must(w.Token(ctx, service()))(t) }},
		{"/validate", 0, nil, func() { must(w.Validate(ctx, w.cfg.Now(), []byte(tokens.AccessToken), "", ""))(t) }},
		{"/introspect", 0, nil, func() {
			must(w.Introspect(ctx, &IntrospectRequest{Client: gateway, Tokens: []string{tokens.AccessToken}}))(t)
		}},
		{"/userinfo", 0, nil, func() { must(w.UserInfo(ctx, []byte(tokens.AccessToken)))(t) }},
		{"code", 1, func() { code = w.walk(b, request()).Get("code") }, func() { tokens = must(w.Token(ctx, redeem(code)))(t) }},
		{"refresh", 1, nil, func() { refreshed("") }},
		{"refresh of a narrower scope", 1, nil, func() { refreshed("orders:read") }},
		{"/revoke of an access token", 1, nil, func() { fail(w.Revoke(ctx, &RevokeRequest{Client: asWeb, Token: tokens.AccessToken})) }},
		{"/revoke of a refresh token", 1, func() { tokens = w.tokens(b) }, func() { fail(w.Revoke(ctx, &RevokeRequest{Client: asWeb, Token: tokens.RefreshToken})) }},
	} {
		t.Run(flow.name, func(t *testing.T) {
			for round := range 2 { // the first fills memory, and hands the script over
				if flow.prepare != nil {
					flow.prepare()
				}
				commands := ran(flow.do)
				scripts := len(slices.DeleteFunc(slices.Clone(commands), func(c string) bool { return !strings.HasPrefix(c, `"EVALSHA"`) }))
				if round > 0 && (scripts != flow.scripts || len(commands) != flow.scripts) {
					t.Errorf("Redis ran %q, want %d scripts and nothing else", commands, flow.scripts)
				}
			}
		})
	}
}

// Whoever measures time learns nothing: row 393.
func TestRoundTrips_AnUnknownClientCostsAsMuchAsAWrongSecret(t *testing.T) {
	w, server := onRedis(t)
	good := basic("web", "web-secret")
	if _, err := w.prove(t.Context(), &good); err != nil {
		t.Fatal(err)
	}
	time.Sleep(redisStale + 50*time.Millisecond)
	must(w.prove(t.Context(), &good))(t)
	ran := monitor(t, server)
	for round := range 20 {
		for _, id := range []string{"web", fmt.Sprint("nobody", round), "nobody"} {
			commands := ran(func() {
				c := basic(id, "wrong")
				_, err := w.prove(t.Context(), &c)
				wantCode(t, err, oauth.CodeInvalidClient)
			})
			if len(commands) != 1 || !strings.HasPrefix(commands[0], `"GET" "p:client:`) {
				t.Errorf("%s: Redis ran %q, want one GET", id, commands)
			}
		}
	}
}

// The same for users: row 394.
func TestRoundTrips_AnUnknownUserCostsAsMuchAsAWrongPassword(t *testing.T) {
	w, server := onRedis(t)
	ran := monitor(t, server)
	for _, username := range []string{DemoUser, "nobody", "nobody", DemoUser} {
		commands := ran(func() {
			if _, err := w.checkPassword(t.Context(), "", username, "wrong"); err != ErrWrongPassword {
				t.Fatal(err)
			}
		})
		if len(commands) != 2 || !strings.HasPrefix(commands[0], `"GET" "p:username:`) || !strings.HasPrefix(commands[1], `"GET" "p:user:`) {
			t.Errorf("%s: Redis ran %q, want one GET for the name and one for the record", username, commands)
		}
	}
}

// What a node remembers may be older than what it is asked about; then the store decides.
func TestRoundTrips_NothingIsRefusedFromMemory(t *testing.T) {
	a, server := onRedis(t)
	b := anotherOnRedis(t, server)
	ctx := t.Context()
	for i := range 200 {
		id := fmt.Sprint("app", i)
		r := &TokenRequest{Client: basic(id, "one"), GrantType: "client_credentials"}
		_, err := b.Token(ctx, r) // b remembers that there is no such client
		wantCode(t, err, oauth.CodeInvalidClient)
		c := &oauth.Client{ID: id, AuthMethod: oauth.AuthAnySecret, SecretHash: clientauth.HashSecret("one"),
			GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}, Scope: oauth.Scope{"a"}}
		a.register(c)
		must(b.Token(ctx, r))(t)

		c.Scope, c.SecretHash = oauth.Scope{"a", "b"}, clientauth.HashSecret("two")
		if err := a.saveClient(ctx, c, "updated"); err != nil {
			t.Fatal(err)
		}
		r.Client, r.Scope = basic(id, "two"), "b"
		must(b.Token(ctx, r))(t)
	}
}

func TestRoundTrips_NoGrantIsEndedByWhatMemorySays(t *testing.T) {
	a, server := onRedis(t)
	b := anotherOnRedis(t, server)
	browser := a.newBrowser()
	a.tokens(browser)
	for range 30 {
		code := a.walk(browser, request()).Get("code")
		tokens := must(b.Token(t.Context(), redeem(code)))(t) // b remembers user and consent
		if _, err := a.SetPassword(t.Context(), DemoUser, DemoPassword); err != nil {
			t.Fatal(err)
		}
		_, err := b.Token(t.Context(), refresh(tokens.RefreshToken))
		wantCode(t, err, oauth.CodeInvalidGrant)
		time.Sleep(2 * time.Millisecond) // a login of the same millisecond is ended, too
		browser = a.newBrowser()
		must(b.Token(t.Context(), redeem(a.walk(browser, request()).Get("code"))))(t)
	}
}

func TestConsent_WithdrawnEndsARefreshThatKnewOfIt(t *testing.T) {
	a, server := onRedis(t)
	b := anotherOnRedis(t, server)
	browser := a.newBrowser()
	for range 30 {
		tokens := a.tokens(browser)
		tokens = must(b.Token(t.Context(), refresh(tokens.RefreshToken)))(t)
		if err := a.RevokeGrants(t.Context(), DemoUser, "web"); err != nil {
			t.Fatal(err)
		}
		_, err := b.Token(t.Context(), refresh(tokens.RefreshToken))
		wantCode(t, err, oauth.CodeInvalidGrant)
		b.wantActive(false, tokens.AccessToken)
	}
}
