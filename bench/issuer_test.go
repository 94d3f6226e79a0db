package bench

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/flows"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/store/redistore"
	"tollgate/flows/token"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
	"tollgate/server"
)

const issuerName = "http://127.0.0.1:8080"

// issuer is a server with demo data that listens in memory. It logs as in production, to nowhere.
type issuer struct {
	b        *testing.B
	flows    *flows.Flows
	store    store.Store
	handles  *token.Handles
	listener *fasthttputil.InmemoryListener
}

// stores are what every endpoint is measured on.
var stores = []struct {
	name string
	open func(b *testing.B) store.Store
}{
	{"memory", func(*testing.B) store.Store { return memstore.New(memstore.Options{}) }},
	{"redis", func(b *testing.B) store.Store {
		server, prefix := redistest.Shared(b)
		client, err := redisx.Open(redisx.Config{
			Addresses: []string{server.Addr}, Timeout: 2 * time.Second, CachedPrefixes: redistore.CachedPrefixes(prefix),
		})
		if err != nil {
			b.Fatal(err)
		}
		return redistore.New(client, prefix)
	}},
}

// onEach runs a benchmark on every store, with EdDSA: RSA's signature would hide all else.
func onEach(b *testing.B, run func(b *testing.B, i *issuer)) {
	for _, s := range stores {
		b.Run(s.name, func(b *testing.B) { run(b, newIssuer(b, s.open(b), oauth.EdDSA)) })
	}
}

// keySet is copied into every store: making an RSA key takes a while.
var keySet = sync.OnceValue(func() *store.KeySet {
	st := memstore.New(memstore.Options{})
	defer st.Close()
	err := newManager(st).Load(context.Background())
	if err != nil {
		panic(err)
	}
	set, err := st.GetKeySet(context.Background())
	if err != nil {
		panic(err)
	}
	return set
})

func newManager(st store.Store) *keys.Manager {
	return keys.NewManager(keys.Config{
		Store: st, Master: keys.DevMaster(), PublishAhead: time.Hour, KeepRetired: time.Hour, Node: "bench", Now: time.Now,
	})
}

func newIssuer(b *testing.B, st store.Store, alg oauth.Alg) *issuer {
	b.Helper()
	b.Cleanup(func() { st.Close() })
	set := *keySet()
	set.Version = 1
	if err := st.SaveKeySet(b.Context(), &set); err != nil {
		b.Fatal(err)
	}
	manager := newManager(st)
	if err := manager.Load(b.Context()); err != nil {
		b.Fatal(err)
	}
	i := &issuer{b: b, store: st, handles: token.NewHandles(keys.DevMaster().Derive("handles")...), listener: fasthttputil.NewInmemoryListener()}
	i.flows = flows.New(flows.Config{
		Issuer: issuerName, Store: st, Keys: manager, Passwords: flows.NewPasswords(0), Handles: i.handles, SigningAlg: alg,
		ReplayWindow: 10 * time.Second,
	})
	if err := i.flows.SeedDemo(b.Context()); err != nil {
		b.Fatal(err)
	}
	i.serve()
	return i
}

func (i *issuer) serve() {
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.InfoLevel))
	s, err := server.New(server.Config{
		Flows: i.flows, Issuer: issuerName, Log: log, Ready: func() (bool, map[string]server.Dependency) { return true, nil },
	})
	if err != nil {
		i.b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(i.listener, fasthttputil.NewInmemoryListener()) }()
	i.b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			i.b.Error(err)
		}
		<-served
	})
}

// access returns tokens of the demo service.
func (i *issuer) access(n int) []string {
	i.b.Helper()
	c := i.dial()
	defer c.Close()
	all := make([]string, n)
	for k := range all {
		all[k] = member(c.must(i.b, tokenRequest("grant_type=client_credentials")), "access_token")
	}
	return all
}

// refresh returns refresh tokens of the demo web app, each of a family of its own, as if codes had
// been traded for them.
func (i *issuer) refresh(n int, scope oauth.Scope) []string {
	i.b.Helper()
	ctx, now := i.b.Context(), time.Now().UTC().Truncate(time.Millisecond)
	client, err := i.store.GetClient(ctx, "demo-web")
	if err != nil {
		i.b.Fatal(err)
	}
	user, err := i.store.GetUser(ctx, flows.DemoUser)
	if err != nil {
		i.b.Fatal(err)
	}
	if err := i.store.AddConsent(ctx, &store.Consent{Subject: user.Subject, ClientID: client.ID, Scope: scope, GrantedAt: now}, time.Time{}); err != nil {
		i.b.Fatal(err)
	}
	all := make([]string, n)
	for k := range all {
		g := oauth.Grant{
			ID: token.NewGrantID(), ClientID: client.ID, Subject: user.Subject, Username: user.Username, Scope: scope,
			Audience: issuerName + "/resources", AuthTime: now, CreatedAt: now, ClientGeneration: client.Generation, UserGeneration: user.Generation,
		}
		all[k] = i.begin(g, now)
	}
	return all
}

// begin makes a family and returns its first refresh token.
func (i *issuer) begin(g oauth.Grant, now time.Time) string {
	i.b.Helper()
	ctx, until := i.b.Context(), now.Add(time.Hour)
	code, refresh := token.HashOf(i.handles.New(token.Code, g.ID)), i.handles.New(token.Refresh, g.ID)
	if err := i.store.PutCode(ctx, code, &store.Code{Grant: g, Challenge: "challenge", Refreshable: true, ExpiresAt: until, Until: until}); err != nil {
		i.b.Fatal(err)
	}
	_, err := i.store.TakeCode(ctx, &store.TakeCode{
		Grant: g.ID, Code: code, ClientID: g.ClientID, Challenge: "challenge", Now: now, MaxMisses: 1, KeepSpent: time.Hour,
		Refresh: token.HashOf(refresh),
	})
	if err != nil {
		i.b.Fatal(err)
	}
	return refresh
}

// The requests of each client.
func validateRequest(tok string) []byte {
	return fmt.Appendf(nil, "GET /validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", tok)
}

func tokenRequest(form string) []byte { return post("/token", "demo-service", form) }

func post(path, id, form string) []byte {
	return body(path, id, "application/x-www-form-urlencoded", form)
}

func body(path, id, kind, text string) []byte {
	basic := base64.StdEncoding.EncodeToString([]byte(id + ":" + id + "-secret"))
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, basic, kind, len(text), text)
}
