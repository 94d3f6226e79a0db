package tables

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/maypok86/otter/v2"

	"tollgate/cache"
)

// claims is about what is kept of a token.
type claims [24]uint64

// table is what both are measured by. A key is borrowed.
type table interface {
	get(key []byte) bool
	put(key []byte)
}

type ours struct {
	seed  cache.Seed
	table *cache.Table[claims]
}

func newOurs(entries int) table {
	return &ours{cache.NewSeed(), cache.NewTable[claims](entries, 1<<40)}
}

func (o *ours) get(key []byte) bool { return o.table.Get(o.seed.Hash(key), key, 1) != nil }

func (o *ours) put(key []byte) {
	o.table.Put(o.seed.Hash(key), &cache.Entry[claims]{Key: string(key), Size: 1, Expires: 1000}, 1)
}

type otters struct {
	cache *otter.Cache[string, *claims]
}

func newOtters(entries int) table {
	return &otters{otter.Must(&otter.Options[string, *claims]{
		MaximumSize: entries, ExpiryCalculator: otter.ExpiryWriting[string, *claims](time.Hour),
	})}
}

// get spares otter the copy of the key that its type asks for.
func (o *otters) get(key []byte) bool {
	_, ok := o.cache.GetIfPresent(unsafe.String(unsafe.SliceData(key), len(key)))
	return ok
}

func (o *otters) put(key []byte) { o.cache.Set(string(key), &claims{}) }

var contenders = []struct {
	name string
	open func(entries int) table
}{{"own", newOurs}, {"otter", newOtters}}

// keys are tokens of 744 bytes, one at a time: a million of them would be most of the memory.
type keys []byte

func newKeys() keys { return keys(strings.Repeat("eyJhbGci", 93)) }

func (k keys) at(kind byte, i uint64) []byte {
	k[100] = kind
	for n := 101; n < 109; n++ { // in the middle, where tokens differ
		k[n] = 'a' + byte(i&15)
		i >>= 4
	}
	return k
}

// filled is a table that has room for its entries.
func filled(open func(int) table, entries int) table {
	t, key := open(entries), newKeys()
	for i := range entries {
		t.put(key.at('g', uint64(i)))
	}
	return t
}

func BenchmarkTable_Hit(b *testing.B) {
	for _, c := range contenders {
		for _, entries := range []int{1e3, 1e4, 1e5, 1e6} {
			b.Run(fmt.Sprintf("%s/entries=%d", c.name, entries), func(b *testing.B) {
				t, key := filled(c.open, entries), newKeys()
				found, random := 0, rand.New(rand.NewPCG(1, 2))
				b.ReportAllocs()
				for b.Loop() {
					if t.get(key.at('g', random.Uint64N(uint64(entries)))) {
						found++
					}
				}
				b.ReportMetric(float64(found)/float64(b.N), "found/op")
			})
		}
	}
}

func BenchmarkTable_HitParallel(b *testing.B) {
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			const entries = 1e5
			t := filled(c.open, entries)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				key, random := newKeys(), rand.New(rand.NewPCG(rand.Uint64(), 2))
				for pb.Next() {
					t.get(key.at('g', random.Uint64N(entries)))
				}
			})
		})
	}
}

func BenchmarkTable_Miss(b *testing.B) {
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			t, key := filled(c.open, 1e5), newKeys()
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				t.get(key.at('j', i))
			}
		})
	}
}

func BenchmarkTable_Put(b *testing.B) {
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			t, key := filled(c.open, 1e5), newKeys()
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				t.put(key.at('n', i))
			}
		})
	}
}

// A tenth of the tokens fit, and some are asked for much more often than others.
func BenchmarkTable_Skew(b *testing.B) { skewed(b, 0) }

// Beside each token that comes again, one comes once.
func BenchmarkTable_SkewInAFlood(b *testing.B) { skewed(b, 1) }

func skewed(b *testing.B, once int) {
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			t, key := c.open(1e4), newKeys()
			zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, 1e5)
			ask := func(kind byte, i uint64) bool {
				if t.get(key.at(kind, i)) {
					return true
				}
				t.put(key)
				return false
			}
			for range 200_000 {
				ask('g', zipf.Uint64())
			}
			found := 0
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i++ {
				if ask('g', zipf.Uint64()) {
					found++
				}
				for range once {
					ask('o', i)
				}
			}
			b.ReportMetric(float64(found)/float64(b.N), "found/op")
		})
	}
}

// BenchmarkTable_Memory is what a token costs in a full table, and how long the garbage collector
// takes to look at all of them.
func BenchmarkTable_Memory(b *testing.B) {
	for _, c := range contenders {
		b.Run(c.name, func(b *testing.B) {
			const entries = 1e6
			before := heap()
			t := filled(c.open, entries)
			each := float64(heap()-before) / entries
			for b.Loop() {
				runtime.GC()
			}
			b.ReportMetric(each, "B/token")
			runtime.KeepAlive(t)
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
