package keys_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store/redistore"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// On a real Redis: racing first loads agree, operations of one node reach the others, and a
// restart of everything changes nothing.
func TestManager_KeysOfOneRedisAreEverybodysKeys(t *testing.T) {
	server := redistest.Start(t, "--appendfsync", "always") // everysec may lose what it acknowledged
	node := func(i int) *keys.Manager {
		client, err := redisx.Open(redisx.Config{Addresses: []string{server.Addr}, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		st := redistore.New(client, "tollgate")
		t.Cleanup(func() { st.Close() })
		return keys.NewManager(keys.Config{
			Store: st, Master: keys.DevMaster(), RotateEvery: time.Hour, PublishAhead: time.Minute,
			KeepRetired: time.Minute, Node: fmt.Sprint(i), Now: time.Now,
		})
	}
	nodes := make([]*keys.Manager, 8)
	var wg sync.WaitGroup
	for i := range nodes {
		nodes[i] = node(i)
		wg.Go(func() {
			if err := nodes[i].Load(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	same := func(when string, m *keys.Manager) {
		t.Helper()
		want, _ := nodes[0].Snapshot().JWKS()
		if got, _ := m.Snapshot().JWKS(); !bytes.Equal(got, want) || m.Snapshot().Epoch != nodes[0].Snapshot().Epoch {
			t.Errorf("%s: two nodes show different keys", when)
		}
	}
	for _, m := range nodes[1:] {
		same("after the first load", m)
	}

	old := nodes[0].Snapshot().Active(oauth.ES256)
	if err := nodes[0].Rotate(t.Context(), oauth.RS256, false); err != nil {
		t.Fatal(err)
	}
	if err := nodes[0].Revoke(t.Context(), old.KID); err != nil {
		t.Fatal(err)
	}
	saved := nodes[0].Snapshot()
	if err := nodes[0].Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if nodes[0].Snapshot() != saved {
		t.Error("what was saved is not what is read")
	}
	if err := nodes[1].Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	same("after a rotation and a revocation", nodes[1])
	if _, _, ok := nodes[1].Snapshot().ByHeader([]byte(old.AccessHeader)); ok {
		t.Error("another node accepts the revoked key")
	}

	server.Restart()
	fresh := node(9)
	if err := fresh.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	same("after a restart", fresh)
}
