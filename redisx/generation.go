package redisx

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// tagShards is how finely the generations of hash tags are told apart.
const tagShards = 1024

// generations count changes: those of keys with a hash tag apart from all others, because they are
// many, and each concerns few.
type generations struct {
	prefixes []string // of the keys that count; none: all
	seed     maphash.Seed
	all      atomic.Uint64
	tags     [tagShards]atomic.Uint64
	others   atomic.Uint64 // of keys that do not count
}

// Generation stands for what ReadCached has answered of the keys with a hash tag and of those
// without any; without a tag, of the latter alone. It moves when Redis takes any of it back, when a
// connection is lost and takes with it what came by it, and when this process has written. Who reads
// it, then reads values, and finds it unmoved later, knows the values to be what they were, for
// GenerationLife at the longest. It costs two atomic loads.
//
// It moves after the connection's cache is emptied and after Wrote has noted its keys: who sees the
// new number and asks again is not answered with what made it move.
func (c *Client) Generation(tag string) uint64 {
	g := &c.generations
	if tag == "" {
		return g.all.Load()
	}
	return g.all.Load() + g.of(tag).Load() // both only grow, so the sum never comes back
}

// Changes stands for what ReadCached has answered of all keys without a hash tag, also of those that
// Generation does not speak of. It moves as Generation does, and with every connection that is opened,
// before anything comes by it: who finds it unmoved after a reply knows that no older news are missing
// which that connection brings.
func (c *Client) Changes() uint64 {
	g := &c.generations
	return g.all.Load() + g.others.Load() + uint64(c.Dials()) // all only grow
}

// GenerationLife is how long what was read may be believed while Generation, or Changes, stands, should
// Redis ever forget to take it back: as long as a cached answer. Zero where nothing is cached.
func (c *Client) GenerationLife() time.Duration {
	if !c.caching {
		return 0
	}
	return c.cacheLife()
}

// invalidated is rueidis' OnInvalidations; nil is a flush or a lost connection. It runs where
// replies are read, so it must not wait.
func (g *generations) invalidated(keys []rueidis.RedisMessage) {
	if len(keys) == 0 {
		g.all.Add(1)
	}
	for i := range keys {
		key, _ := keys[i].ToString() // what is no string is no key of ours
		g.move(key)
	}
}

// move notes that a key has changed.
func (g *generations) move(key string) {
	switch tag := hashTag(key); {
	case !g.counts(key):
		g.others.Add(1)
	case tag != "":
		g.of(tag).Add(1)
	default:
		g.all.Add(1)
	}
}

func (g *generations) counts(key string) bool {
	for _, prefix := range g.prefixes {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return len(g.prefixes) == 0
}

func (g *generations) of(tag string) *atomic.Uint64 {
	return &g.tags[maphash.String(g.seed, tag)%tagShards]
}

// hashTag is the part of a key that Redis Cluster finds its slot by, "" where there is none.
func hashTag(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	tag, _, closed := strings.Cut(rest, "}")
	if !closed {
		return ""
	}
	return tag
}
