package redisx_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

func TestGeneration_MovesWhenWhatWasReadMayHaveChanged(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, redisx.Config{Addresses: []string{server.Addr}, CachedPrefixes: []string{"p:"}})
	read := func() redisx.Reply { return c.ReadCached(context.Background(), "get", redisx.Read{Key: "p:a"})[0] }
	for name, change := range map[string]func(){
		"another writes the key":          func() { server.Text(t, "SET", "p:a", "1") },
		"another writes one not yet read": func() { server.Text(t, "SET", "p:b", "1") },
		"another deletes it":              func() { server.Text(t, "SET", "p:a", "2"); server.Text(t, "DEL", "p:a") },
		"everything is flushed":           func() { server.Text(t, "FLUSHALL") },
		"the connection is lost":          func() { server.Text(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") },
		"the key expires": func() {
			server.Text(t, "SET", "p:a", "1", "PX", "20")
			for server.Text(t, "EXISTS", "p:a") == "1" { // else the news of its end may come at any time
				time.Sleep(5 * time.Millisecond)
			}
		},
		"Redis hangs, and is given up later": func() { server.Pause(); time.AfterFunc(1200*time.Millisecond, server.Continue) },
	} {
		awaitUp(t, c)
		read()
		time.Sleep(50 * time.Millisecond) // what is still on its way belongs to the change before
		before := c.Generation("")
		if c.Generation("") != before {
			t.Fatal("moves by itself")
		}
		change()
		for deadline := time.Now().Add(5 * time.Second); c.Generation("") == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the generation stands still", name)
			}
		}
	}
	awaitUp(t, c)
	read()
	time.Sleep(50 * time.Millisecond)
	before := c.Generation("")
	server.Text(t, "SET", "q:a", "1") // not of the prefixes
	for range 100 {
		read()
	}
	if c.Generation("") != before {
		t.Error("moves for what is none of ours, or for reading")
	}
}

// No push can be waited for: Redis answers a write before it tells of it.
func TestGeneration_MovesWithAWriteOfThisProcess(t *testing.T) {
	c := open(t, redisx.Config{Addresses: []string{"127.0.0.1:1"}, CachedPrefixes: []string{"p:"}})
	before := c.Generation("")
	c.Wrote("p:a")
	if c.Generation("") == before {
		t.Error("the generation stands still")
	}
	if life := c.GenerationLife(); life < 4*time.Second || life > 5*time.Second {
		t.Errorf("answers live for %v, want 4 to 5 s", life)
	}
}

func TestGeneration_IsWorthNothingWithoutACache(t *testing.T) {
	c := open(t, redisx.Config{Addresses: []string{"127.0.0.1:1"}})
	if life := c.GenerationLife(); life != 0 {
		t.Errorf("answers live for %v, though nobody tells of changes", life)
	}
}

// What has a hash tag concerns who asks for that tag, what has none concerns everybody, and what is
// not spoken of nobody.
func TestGeneration_TellsTagsApart(t *testing.T) {
	c := open(t, redisx.Config{
		Addresses: []string{"127.0.0.1:1"}, CachedPrefixes: []string{"p:", "quiet:"}, GenerationPrefixes: []string{"p:"},
	})
	b := ""
	for i := 0; b == ""; i++ { // few tags share a number: find one that does not
		other := fmt.Sprint("b", i)
		before := c.Generation(other)
		if c.Wrote("p:{a}"); c.Generation(other) == before {
			b = other
		}
	}
	generations := func() [3]uint64 { return [3]uint64{c.Generation("a"), c.Generation(b), c.Generation("")} }
	for _, story := range []struct {
		key   string
		moves [3]uint64
	}{
		{"p:{a}", [3]uint64{1, 0, 0}},
		{"p:x:{" + b + "}:y{a}", [3]uint64{0, 1, 0}},
		{"p:x", [3]uint64{1, 1, 1}},
		{"p:{}x", [3]uint64{1, 1, 1}},
		{"p:{x", [3]uint64{1, 1, 1}},
		{"p:x}", [3]uint64{1, 1, 1}},
		{"quiet:x", [3]uint64{}},
		{"quiet:{a}", [3]uint64{}},
	} {
		before := generations()
		c.Wrote(story.key)
		after := generations()
		for i := range after {
			if after[i]-before[i] != story.moves[i] {
				t.Errorf("%s moves tag a, tag b and no tag from %v to %v", story.key, before, after)
				break
			}
		}
	}
}

// Where slots may move, no answer lives longer than it may be stale.
func TestGeneration_LivesShorterInACluster(t *testing.T) {
	c := open(t, redisx.Config{Mode: redisx.Cluster, Addresses: []string{"127.0.0.1:1"}, CachedPrefixes: []string{"p:"}, MaxStale: 300 * time.Millisecond})
	for range 100 {
		if life := c.GenerationLife(); life <= 0 || life > 300*time.Millisecond {
			t.Fatalf("answers live for %v", life)
		}
	}
}
