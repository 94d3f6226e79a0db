package server

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"tollgate/cache"
	"tollgate/flows"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/token"
)

const testIssuer = "http://127.0.0.1:8080"

// testKeys are made once: an RSA key takes a while, and no test here changes them.
var testKeys = sync.OnceValue(func() *keys.Manager {
	m := keys.NewManager(keys.Config{
		Store: testKeyStore(), Master: keys.DevMaster(), KeepRetired: time.Hour, Node: "test", Now: time.Now,
	})
	if err := m.Load(context.Background()); err != nil {
		panic(err)
	}
	return m
})

var testKeyStore = sync.OnceValue(func() *memstore.Store { return memstore.New(memstore.Options{}) })

// shareKeys gives a store the key set that testKeys has, unless it has one.
func shareKeys(t *testing.T, st store.Store) {
	t.Helper()
	testKeys()
	ks, err := testKeyStore().GetKeySet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := st.SaveKeySet(t.Context(), ks); err != nil && err != store.ErrVersion {
		t.Fatal(err)
	}
}

// house is a whole server in memory, with the demo data and a clock that can be turned.
type house struct {
	t      *testing.T
	flows  *flows.Flows
	server *Server
	listen *fasthttputil.InmemoryListener

	mu     sync.Mutex
	shift  time.Duration
	events []flows.Event
}

func newHouse(t *testing.T, issuer string, change ...func(*Config)) *house {
	t.Helper()
	return newHouseOn(t, issuer, nil, change...)
}

// newHouseOn is a house on that store; nil is a fresh one in memory.
func newHouseOn(t *testing.T, issuer string, st store.Store, change ...func(*Config)) *house {
	t.Helper()
	h := &house{t: t, listen: fasthttputil.NewInmemoryListener()}
	if st == nil {
		st = memstore.New(memstore.Options{Now: h.now})
	}
	t.Cleanup(func() { _ = st.Close() })
	shareKeys(t, st)
	h.flows = flows.New(flows.Config{
		Issuer: issuer, Store: st, Keys: testKeys(), Now: h.now, Passwords: flows.NewPasswords(2),
		Handles: token.NewHandles(keys.DevMaster().Derive("handles")...), ReplayWindow: 10 * time.Second,
		OnEvent: func(e flows.Event) { h.mu.Lock(); h.events = append(h.events, e); h.mu.Unlock() },
	})
	if err := h.flows.SeedDemo(context.Background()); err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Flows: h.flows, Issuer: issuer, Now: h.now, Login: cache.Rate{},
		Ready: func() (bool, map[string]Dependency) { return true, nil },
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if h.server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	srv := &fasthttp.Server{Handler: h.server.Public, NoDefaultServerHeader: true, ReadBufferSize: 16 << 10, MaxRequestBodySize: 64 << 10}
	go func() { _ = srv.Serve(h.listen) }()
	t.Cleanup(func() { _ = h.listen.Close() })
	return h
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.shift)
}

// pass lets time go by.
func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shift += d
}

// client registers one more client.
func (h *house) client(c *oauth.Client) *oauth.Client {
	h.t.Helper()
	out, _, err := h.flows.CreateClient(context.Background(), c)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) browser() *browser {
	return &browser{h: h, cookies: map[string]string{}, send: http.Header{}}
}

// signedIn is a browser that alice has signed in with, and no application has sent.
func (h *house) signedIn() *browser {
	h.t.Helper()
	b := h.browser()
	p := b.post("/login", b.get("/login").form("username", "alice", "password", "alice-password"))
	if p.status != 303 || p.location() != "/login" {
		h.t.Fatalf("got %d to %q, want to be signed in\n%s", p.status, p.location(), p.body)
	}
	return b
}
