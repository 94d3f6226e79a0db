package cache

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"testing"
)

var testSeed = NewSeed()

const never = 1 << 60

func put[V any](t *Table[V], key string, size int, expires int64, value V) {
	t.Put(testSeed.Hash([]byte(key)), &Entry[V]{Key: key, Size: size, Expires: expires, Value: value}, 0)
}

func get[V any](t *Table[V], key string, now int64) *V {
	return t.Get(testSeed.Hash([]byte(key)), []byte(key), now)
}

func TestTable_FindsAKeyByItsWholeSelf(t *testing.T) {
	tab := NewTable[int](64, 1<<20)
	const hash = 0x1234567890abcdef
	for i, key := range []string{"token.a", "token.b", "token.ab"} { // all with one hash
		tab.Put(hash, &Entry[int]{Key: key, Size: 1, Expires: never, Value: i}, 0)
	}
	for i, key := range []string{"token.a", "token.b", "token.ab"} {
		if got := tab.Get(hash, []byte(key), 0); got == nil || *got != i {
			t.Errorf("%s has %v, want %d", key, got, i)
		}
	}
	for _, key := range []string{"token.", "token.c", "token.aa", ""} {
		if got := tab.Get(hash, []byte(key), 0); got != nil {
			t.Errorf("%q, which nobody put, has %d", key, *got)
		}
	}
	if got := tab.Get(hash+1, []byte("token.a"), 0); got != nil {
		t.Error("found by another hash")
	}
}

func TestTable_ForgetsWhatHasExpired(t *testing.T) {
	tab := NewTable[int](1024, 1<<20)
	for i := range 512 {
		put(tab, fmt.Sprint("old", i), 10, 100, i)
	}
	if get(tab, "old1", 99) == nil || get(tab, "old1", 100) != nil || get(tab, "old1", 101) != nil {
		t.Error("an entry is found up to its end, and not from then on")
	}
	h := testSeed.Hash([]byte("new"))
	for range 1024 {
		tab.Put(h, &Entry[int]{Key: "new", Size: 10, Expires: 300}, 200)
	}
	if n, size := tab.Len(); n != 1 || size != 10 {
		t.Errorf("%d entries of %d bytes are kept, want the one that has not expired", n, size)
	}
}

func TestTable_APutReplacesItsKey(t *testing.T) {
	tab := NewTable[int](64, 1<<20)
	for i := range 10 {
		put(tab, "key", 10+i, never, i)
	}
	if got := get(tab, "key", 0); got == nil || *got != 9 {
		t.Errorf("got %v", got)
	}
	if n, size := tab.Len(); n != 1 || size != 19 {
		t.Errorf("%d entries of %d bytes", n, size)
	}
}

func TestTable_KeepsItsBounds(t *testing.T) {
	for name, tab := range map[string]*Table[int]{
		"entries": NewTable[int](1000, 1<<40),
		"bytes":   NewTable[int](1<<16, 1000*50),
	} {
		for i := range 20_000 {
			put(tab, fmt.Sprint("key", i), 50, never, i)
			if n, size := tab.Len(); n > 1000 || size > 50_000 || size != int64(n)*50 {
				t.Fatalf("%s: %d entries of %d bytes", name, n, size)
			}
		}
		if n, _ := tab.Len(); n < 900 {
			t.Errorf("%s: only %d entries are kept of the 1000 that fit", name, n)
		}
	}
}

// A flood of keys that come once must not push out those that come again and again.
func TestTable_AFloodLeavesWhatIsAskedFor(t *testing.T) {
	tab := NewTable[int](1000, 1<<40)
	hot := make([]string, 300)
	for i := range hot {
		hot[i] = fmt.Sprint("hot", i)
		put(tab, hot[i], 1, never, i)
	}
	asked, found := 0, 0
	for i := range 30_000 {
		put(tab, fmt.Sprint("once", i), 1, never, i)
		if key := hot[i%len(hot)]; i%2 == 0 {
			asked++
			if get(tab, key, 0) != nil {
				found++
			} else {
				put(tab, key, 1, never, i)
			}
		}
	}
	if rate := float64(found) / float64(asked); rate < .97 {
		t.Errorf("%.3f of what is hot is found in the flood, want nearly all", rate)
	}
}

func TestTable_IsForManyAtOnce(t *testing.T) {
	tab := NewTable[string](500, 1<<20)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 20_000 {
				key := fmt.Sprint("key", i*7%1500)
				if got := get(tab, key, 0); got != nil && *got != key {
					t.Errorf("%s has %s", key, *got)
					return
				} else if got == nil {
					put(tab, key, len(key), never, key)
				}
			}
		})
	}
	group.Wait()
	n, size := int64(0), int64(0)
	for i := range tab.sets {
		for j := range ways {
			if e := tab.sets[i].entries[j].Load(); e != nil {
				n, size = n+1, size+int64(e.Size)
			}
		}
	}
	if counted, bytes := tab.Len(); int64(counted) != n || bytes != size {
		t.Errorf("counted %d entries of %d bytes; there are %d of %d", counted, bytes, n, size)
	}
}

func TestTable_AHitAllocatesNothing(t *testing.T) {
	tab := NewTable[int](64, 1<<20)
	key := bytes.Repeat([]byte("k"), 744)
	put(tab, string(key), 1, never, 1)
	if n := testing.AllocsPerRun(100, func() {
		if tab.Get(testSeed.Hash(key), key, 0) == nil {
			t.Fatal("not found")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What has expired makes room for what comes, also where nothing new is let in.
func TestTable_IsNotFullOfTheDead(t *testing.T) {
	tab := NewTable[int](1000, 1<<40)
	for i := range 2000 {
		put(tab, fmt.Sprint("old", i), 1, 100, i)
	}
	for i := range 2000 {
		key := fmt.Sprint("new", i)
		tab.Put(testSeed.Hash([]byte(key)), &Entry[int]{Key: key, Size: 1, Expires: never}, 100)
	}
	alive := 0
	for i := range 2000 {
		if get(tab, fmt.Sprint("new", i), 100) != nil {
			alive++
		}
	}
	if alive < 900 {
		t.Errorf("%d of the 1000 that fit are alive", alive)
	}
}

// A table for gigabytes costs little until it is filled.
func TestTable_IsSmallWhileEmpty(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tab := NewTable[int](1<<18, 256<<20)
	runtime.ReadMemStats(&after)
	if got := after.HeapAlloc - before.HeapAlloc; got > 11<<20 {
		t.Errorf("the places of 256 MiB take %d bytes", got)
	}
	runtime.KeepAlive(tab)
}
