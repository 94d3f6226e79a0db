package redisx

import (
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

func TestPlaces_EachPrimaryHasABreakerOfItsOwn(t *testing.T) {
	cluster := redistest.StartCluster(t)
	c, err := Open(Config{Mode: Cluster, Addresses: cluster.Addresses})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for start := time.Now(); c.breakers.places.Load() == nil; time.Sleep(time.Millisecond) {
		if time.Since(start) > 5*time.Second {
			t.Fatal("nobody knows whose the slots are")
		}
	}
	owners := map[int]*redistest.Server{}
	for slot := 0; slot < slotsOfAll; slot += 127 {
		primary, at := cluster.Primary(slot), c.breakers.of(uint16(slot))
		if owners[at] == nil {
			owners[at] = primary
		}
		if owners[at] != primary {
			t.Fatalf("slot %d of %s has the breaker of %s", slot, primary.Addr, owners[at].Addr)
		}
	}
	if len(owners) != 3 || owners[c.breakers.of(slotsOfAll)] != nil {
		t.Errorf("%d breakers for 3 primaries", len(owners))
	}
}
