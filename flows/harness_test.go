package flows

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/flows/clientauth"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/token"
)

const (
	issuer      = "https://auth.example"
	verifier    = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	challenge   = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	webRedirect = "https://web.example/cb"
	spaRedirect = "http://127.0.0.1:50001/callback"
)

// world is one issuer on a memory store with a clock that only the test moves.
type world struct {
	*Flows
	t      testing.TB
	clock  time.Time
	mu     sync.Mutex
	events []Event
	broken *brokenStore
}

// brokenStore lets a test take the store away.
type brokenStore struct {
	store.Store
	mu       sync.Mutex
	err      error
	failures uint64
	failCut  int
}

// fail also moves the generation, as every store's does when it cannot be asked any more.
func (b *brokenStore) fail(err error) { b.mu.Lock(); b.err = err; b.failures++; b.mu.Unlock() }
func (b *brokenStore) Generation(g oauth.GrantID) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Store.Generation(g) + b.failures<<32
}
func (b *brokenStore) down() error { b.mu.Lock(); defer b.mu.Unlock(); return b.err }

func (b *brokenStore) CheckRevoked(ctx context.Context, refs []store.TokenRef) []error {
	if err := b.down(); err != nil {
		out := make([]error, len(refs))
		for i := range out {
			out[i] = err
		}
		return out
	}
	return b.Store.CheckRevoked(ctx, refs)
}

func (b *brokenStore) GetClient(ctx context.Context, id string) (*oauth.Client, error) {
	if err := b.down(); err != nil {
		return nil, err
	}
	return b.Store.GetClient(ctx, id)
}

func (b *brokenStore) GetStanding(ctx context.Context, g *oauth.Grant) (*store.Standing, error) {
	if err := b.down(); err != nil {
		return nil, err
	}
	return b.Store.GetStanding(ctx, g)
}

// RevokeSubject and RevokeClient can be lost alone: failCut says for how many calls.
func (b *brokenStore) RevokeSubject(ctx context.Context, sub string, at, until time.Time) error {
	if err := b.lostCut(); err != nil {
		return err
	}
	return b.Store.RevokeSubject(ctx, sub, at, until)
}

func (b *brokenStore) RevokeClient(ctx context.Context, id string, at, until time.Time) error {
	if err := b.lostCut(); err != nil {
		return err
	}
	return b.Store.RevokeClient(ctx, id, at, until)
}

func (b *brokenStore) lostCut() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failCut == 0 {
		return nil
	}
	b.failCut--
	return errors.New("connection lost")
}

func (b *brokenStore) RevokeToken(ctx context.Context, id oauth.TokenID, until time.Time) error {
	if err := b.down(); err != nil {
		return err
	}
	return b.Store.RevokeToken(ctx, id, until)
}

// sharedMaster and sharedKeys spare every test its RSA key.
var sharedKeys = sync.OnceValue(func() *store.KeySet {
	mem := memstore.New(memstore.Options{})
	defer mem.Close()
	m := keys.NewManager(keys.Config{Store: mem, Master: keys.DevMaster(), RotateEvery: 1000 * time.Hour, PublishAhead: time.Hour, KeepRetired: time.Hour, Node: "seed",
		Now: func() time.Time { return start.Add(-time.Hour) }})
	if err := m.Load(context.Background()); err != nil {
		panic(err)
	}
	ks, err := mem.GetKeySet(context.Background())
	if err != nil {
		panic(err)
	}
	return ks
})

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, adjust ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, clock: start}
	now := func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.clock }
	mem := memstore.New(memstore.Options{Now: now})
	t.Cleanup(func() { mem.Close() })
	w.broken = &brokenStore{Store: mem}
	ks := *sharedKeys()
	ks.Version = 1
	if err := mem.SaveKeySet(t.Context(), &ks); err != nil {
		t.Fatal(err)
	}
	manager := keys.NewManager(keys.Config{Store: mem, Master: keys.DevMaster(), RotateEvery: 1000 * time.Hour, PublishAhead: time.Hour, KeepRetired: time.Hour, Node: "test", Now: now})
	if err := manager.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Issuer: issuer, Store: w.broken, Keys: manager, Handles: token.NewHandles([]byte("0123456789abcdef0123456789abcdef")),
		Passwords: NewPasswords(2), ReplayWindow: 10 * time.Second, SigningAlg: oauth.EdDSA, Now: now,
		OnEvent: func(e Event) { w.mu.Lock(); w.events = append(w.events, e); w.mu.Unlock() },
	}
	for _, a := range adjust {
		a(&cfg)
	}
	w.Flows = New(cfg)
	if err := w.SeedDemo(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.register(&oauth.Client{
		ID: "web", AuthMethod: oauth.AuthAnySecret, SecretHash: clientauth.HashSecret("web-secret"),
		GrantTypes: []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
		Scope:      oauth.Scope{"openid", "profile", "email", "offline_access", "orders:read"}, RedirectURIs: []string{webRedirect},
		PostLogoutRedirectURIs: []string{"https://web.example/bye"},
	})
	return w
}

func (w *world) register(c *oauth.Client) {
	w.t.Helper()
	if _, err := w.putClient(w.t.Context(), c); err != nil && err != errClientExists { // another node may have it
		w.t.Fatal(err)
	}
}

// replace has the client make room for another of its id, somebody else's perhaps.
func (w *world) replace(id string) {
	w.t.Helper()
	c := must(w.GetClient(w.t.Context(), id))(w.t)
	if err := w.DeleteClient(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
	w.pass(time.Second)
	w.register(c)
}

func (w *world) pass(d time.Duration) { w.mu.Lock(); w.clock = w.clock.Add(d); w.mu.Unlock() }

func (w *world) saw(e EventType) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.events, func(x Event) bool { return x.Type == e })
}

func basic(id, secret string) clientauth.Credentials {
	return clientauth.Credentials{Basic: true, BasicID: id, BasicSecret: secret}
}

var (
	asWeb = basic("web", "web-secret")
	asSPA = clientauth.Credentials{ID: "demo-spa"}
)

// wantCode fails unless err is the answer with that code.
func wantCode(t testing.TB, err error, code oauth.Code) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if got := oauth.AsError(err).Code; got != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// browser is one person's cookies.
type browser struct{ id, session string }

func (w *world) newBrowser() *browser { return &browser{id: w.NewBrowser()} }

func request() *AuthorizeRequest {
	return &AuthorizeRequest{
		ResponseType: "code", ClientID: "web", RedirectURI: webRedirect, Scope: "openid profile offline_access orders:read",
		State: "s1", Nonce: "n1", Challenge: challenge, ChallengeMethod: "S256",
	}
}

func (w *world) authorize(b *browser, r *AuthorizeRequest) *Step {
	w.t.Helper()
	r.Browser, r.Session = b.id, b.session
	return must(w.Authorize(w.t.Context(), r))(w.t)
}

func (w *world) login(b *browser, interaction string) *Step {
	w.t.Helper()
	step, session, err := w.Login(w.t.Context(), &LoginRequest{Interaction: interaction, Browser: b.id, Session: b.session, Username: DemoUser, Password: DemoPassword})
	if err != nil {
		w.t.Fatal(err)
	}
	b.session = session.Cookie
	return step
}

// walk takes a browser through the pages until it is sent to the client.
func (w *world) walk(b *browser, r *AuthorizeRequest) url.Values {
	w.t.Helper()
	step := w.authorize(b, r)
	for range 4 {
		switch step.Next {
		case NextLogin:
			step = w.login(b, step.Interaction)
		case NextConsent:
			step = must(w.Consent(w.t.Context(), &ConsentRequest{Interaction: step.Interaction, Browser: b.id, Session: b.session, Allow: true}))(w.t)
		case NextRedirect:
			return answer(w.t, step)
		}
	}
	w.t.Fatalf("the browser never got to the client: %+v", step)
	return nil
}

func answer(t testing.TB, s *Step) url.Values {
	t.Helper()
	if s.Next != NextRedirect {
		t.Fatalf("the browser is not sent to the client but to %q", s.Next)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Query().Get("iss"); got != issuer { // RFC 9207 2
		t.Errorf("iss = %q in %s", got, s.URL)
	}
	if u.Query().Has("error") && u.Query().Has("code") {
		t.Errorf("a code beside an error in %s", s.URL)
	}
	return u.Query()
}

func redeem(code string) *TokenRequest {
	return &TokenRequest{Client: asWeb, GrantType: "authorization_code", Code: code, RedirectURI: webRedirect, Verifier: verifier}
}

func refresh(tok string) *TokenRequest {
	return &TokenRequest{Client: asWeb, GrantType: "refresh_token", RefreshToken: tok}
}

// tokens signs alice in at web and returns what web got.
func (w *world) tokens(b *browser) *TokenAnswer {
	w.t.Helper()
	return must(w.Token(w.t.Context(), redeem(w.walk(b, request()).Get("code"))))(w.t)
}

// active reports what the gateway is told of a token.
func (w *world) active(tok string) bool {
	w.t.Helper()
	return must(w.Introspect(w.t.Context(), &IntrospectRequest{Client: basic("demo-gateway", "demo-gateway-secret"), Tokens: []string{tok}}))(w.t)[0].Active
}

func (w *world) wantActive(want bool, tokens ...string) {
	w.t.Helper()
	for _, tok := range tokens {
		if got := w.active(tok); got != want {
			w.t.Errorf("token %s… active = %v, want %v", tok[:min(12, len(tok))], got, want)
		}
		if strings.Count(tok, ".") != 2 {
			continue
		}
		_, err := w.Validate(w.t.Context(), w.cfg.Now(), []byte(tok), "", "")
		if (err == nil) != want {
			w.t.Errorf("token %s… validate says %v, want good = %v", tok[:12], err, want)
		}
	}
}
