package server

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tollgate/flows"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/token"
)

const (
	serviceBasic = "Basic ZGVtby1zZXJ2aWNlOmRlbW8tc2VydmljZS1zZWNyZXQ=" // demo-service
	gatewayBasic = "Basic ZGVtby1nYXRld2F5OmRlbW8tZ2F0ZXdheS1zZWNyZXQ=" // demo-gateway
	canary       = "canary-3f9a6c"                                      // never to be seen in a log
	adminToken   = "test-admin-token"
	formHeader   = "Content-Type: application/x-www-form-urlencoded\r\n"
)

// edge is a whole server on two sockets, spoken to in bytes, with its log and metrics in view.
type edge struct {
	t           testing.TB
	server      *Server
	flows       *flows.Flows
	keys        *keys.Manager
	store       *brokenStore
	public, ops string // addresses
	log         *lines

	mu     sync.Mutex
	events []flows.Event
}

// saw notes an event; seen returns what was noted.
func (e *edge) saw(x flows.Event) { e.mu.Lock(); defer e.mu.Unlock(); e.events = append(e.events, x) }
func (e *edge) seen() []flows.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.events)
}

// brokenStore lets a test take the store away.
type brokenStore struct {
	store.Store
	down atomic.Bool
}

var errDown = errors.New("store: connection refused")

func (b *brokenStore) CheckRevoked(ctx context.Context, refs []store.TokenRef) []error {
	if !b.down.Load() {
		return b.Store.CheckRevoked(ctx, refs)
	}
	out := make([]error, len(refs))
	for i := range out {
		out[i] = errDown
	}
	return out
}

func (b *brokenStore) GetClient(ctx context.Context, id string) (*oauth.Client, error) {
	if b.down.Load() {
		return nil, errDown
	}
	return b.Store.GetClient(ctx, id)
}

func (b *brokenStore) RevokeToken(ctx context.Context, id oauth.TokenID, until time.Time) error {
	if b.down.Load() {
		return errDown
	}
	return b.Store.RevokeToken(ctx, id, until)
}

// edgeKeys is a key set that tests copy: making an RSA key takes a while.
var edgeKeys = sync.OnceValue(func() *store.KeySet {
	mem := memstore.New(memstore.Options{})
	defer mem.Close()
	if err := newManager(mem).Load(context.Background()); err != nil {
		panic(err)
	}
	set, err := mem.GetKeySet(context.Background())
	if err != nil {
		panic(err)
	}
	return set
})

func newManager(st store.Store) *keys.Manager {
	return keys.NewManager(keys.Config{Store: st, Master: keys.DevMaster(), RotateEvery: 1000 * time.Hour, PublishAhead: time.Hour,
		KeepRetired: time.Hour, Node: "test", Now: time.Now})
}

func newFlows(t testing.TB, st store.Store, manager *keys.Manager, on func(flows.Event), change ...func(*flows.Config)) *flows.Flows {
	t.Helper()
	cfg := flows.Config{
		Issuer: testIssuer, Store: st, Keys: manager, Passwords: flows.NewPasswords(2), ReplayWindow: 10 * time.Second,
		Handles: token.NewHandles(keys.DevMaster().Derive("handles")...), SigningAlg: oauth.EdDSA,
		OnEvent: on,
	}
	for _, c := range change {
		c(&cfg)
	}
	f := flows.New(cfg)
	if err := f.SeedDemo(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// lines collects the log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// take returns what was logged since the last call, one string per line.
func (l *lines) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSuffix(l.buf.String(), "\n")
	l.buf.Reset()
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func newEdge(t testing.TB, change ...func(*Config)) *edge {
	t.Helper()
	mem := memstore.New(memstore.Options{})
	t.Cleanup(func() { _ = mem.Close() })
	return newEdgeOn(t, mem, change...)
}

// newEdgeOn is an edge on that store, which is empty.
func newEdgeOn(t testing.TB, st store.Store, change ...func(*Config)) *edge {
	t.Helper()
	e := &edge{t: t, log: &lines{}}
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(e.log), zap.InfoLevel)
	set := *edgeKeys()
	set.Version = 1
	if err := st.SaveKeySet(t.Context(), &set); err != nil {
		t.Fatal(err)
	}
	e.store, e.keys = &brokenStore{Store: st}, newManager(st)
	if err := e.keys.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.flows = newFlows(t, e.store, e.keys, e.saw)
	cfg := Config{
		Flows: e.flows, Issuer: testIssuer, Log: zap.New(core), AdminToken: adminToken, Version: "v-test",
		Ready: func() (bool, map[string]Dependency) { return true, nil },
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if e.server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	var listeners [2]net.Listener
	for i := range listeners {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners[i] = ln
	}
	e.public, e.ops = listeners[0].Addr().String(), listeners[1].Addr().String()
	served := make(chan error, 1)
	go func() { served <- e.server.Serve(listeners[0], listeners[1]) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return e
}
