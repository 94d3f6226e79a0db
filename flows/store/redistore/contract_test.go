package redistore_test

import (
	"testing"
	"time"

	"tollgate/flows/store"
	"tollgate/flows/store/redistore"
	"tollgate/flows/store/storetest"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// open returns a store on a server, closed with the test.
func open(t *testing.T, addr, prefix string) *redistore.Store {
	t.Helper()
	client, err := redisx.Open(redisx.Config{Addresses: []string{addr}, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	s := redistore.New(client, prefix)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestRedistore_KeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		server, prefix := redistest.Shared(t)
		return open(t, server.Addr, prefix)
	})
}
