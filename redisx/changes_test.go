package redisx_test

import (
	"context"
	"testing"
	"time"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// Generation is silent about some of what is cached; Changes is not, and tells of connections, too.
func TestChanges_AreOfAllThatIsCachedAndOfConnections(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, redisx.Config{Addresses: []string{server.Addr}, CachedPrefixes: []string{"p:", "quiet:"}, GenerationPrefixes: []string{"p:"}})
	for name, change := range map[string]func(){
		"another writes what counts":   func() { server.Text(t, "SET", "p:a", "1") },
		"another writes what does not": func() { server.Text(t, "SET", "quiet:a", "1") },
		"everything is flushed":        func() { server.Text(t, "FLUSHALL") },
		"this process has written":     func() { c.Wrote("quiet:a") },
		"a connection is opened": func() { // what blocks has one of its own
			c.DoWait(context.Background(), "wait", time.Second, c.B().Blpop().Key("none").Timeout(0.01).Build())
		},
		"a connection is lost and opened": func() {
			server.Text(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
			awaitUp(t, c)
		},
	} {
		awaitUp(t, c)
		time.Sleep(50 * time.Millisecond) // what is still on its way belongs to the change before
		before := c.Changes()
		if c.Changes() != before {
			t.Fatal("moves by itself")
		}
		change()
		for deadline := time.Now().Add(5 * time.Second); c.Changes() == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: nothing moves", name)
			}
		}
	}
	before := c.Changes()
	server.Text(t, "SET", "other", "1")
	if c.ReadCached(context.Background(), "get", redisx.Read{Key: "p:a"}); c.Changes() != before {
		t.Error("moves for what is none of ours, or for reading")
	}
}
