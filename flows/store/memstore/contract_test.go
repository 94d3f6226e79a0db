package memstore_test

import (
	"testing"

	"tollgate/flows/store"
	"tollgate/flows/store/memstore"
	"tollgate/flows/store/storetest"
)

func TestMemstore_KeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s := memstore.New(memstore.Options{})
		t.Cleanup(func() { s.Close() })
		return s
	})
}
