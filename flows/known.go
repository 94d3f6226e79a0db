package flows

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"tollgate/cache"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/token"
)

const (
	defaultCacheBytes = 64 << 20
	// leastKnown is about the least that a remembered token costs. It only says how many places the
	// table has; the bytes are counted.
	leastKnown = 1 << 10
	// knownOverhead is what an entry costs beside its text.
	knownOverhead = 448

	maxJunk      = 4096
	maxJunkBytes = 4 << 20
	junkOverhead = 256
	// junkLife is how long a refusal is remembered. It spares the work of a signature for who
	// presents the same bad token again and again; strangers' tokens are never the same.
	junkLife = time.Second
)

// known is a token that was verified: facts about its bytes, which nothing can change, and what may
// change, with when this node last heard of it.
type known struct {
	claims token.Access
	keys   atomic.Pointer[keys.Set] // a snapshot that holds the key which signed it

	generation atomic.Uint64 // of the store, in which nothing was revoked that it hangs on
	until      atomic.Int64  // the age of the flows until when that is believed; stored before generation

	told atomic.Bool // an answer was given by it
}

// junk is a token that was refused, by the keys of a snapshot.
type junk struct {
	err   error
	keys  *keys.Set
	until time.Duration // the age of the flows
}

// knowledge is what this node remembers of access tokens. Junk has bounds of its own, so that no
// flood of it pushes out what is good.
type knowledge struct {
	seed    cache.Seed
	good    *cache.Table[known]
	junk    *cache.Table[junk]
	flights cache.Flights[verdict]
}

type verdict struct {
	known *known
	err   error
}

func newKnowledge(size int64) *knowledge {
	return &knowledge{
		seed: cache.NewSeed(),
		good: cache.NewTable[known](int(size/leastKnown), size),
		junk: cache.NewTable[junk](maxJunk, maxJunkBytes),
	}
}

// recall returns what is known of a token, where its key still stands and it has not expired.
func (k *knowledge) recall(hash uint64, tok []byte, set *keys.Set, now time.Time) *known {
	found := k.good.Get(hash, tok, now.Unix())
	if found == nil || found.keys.Load() == set || found.standsIn(set, tok) {
		return found
	}
	return nil
}

// stands reports whether the token is known not to be revoked, in a generation of the store.
func (k *known) stands(generation uint64, age time.Duration) bool {
	return k.generation.Load() == generation && int64(age) < k.until.Load()
}

// confirm notes that it is, by what the store said to who had read the generation before.
func (k *known) confirm(generation uint64, until time.Duration) {
	k.until.Store(int64(until))
	k.generation.Store(generation)
}

// recalled notes that an answer is given by it, and reports whether that is not the first: the one that
// its signature was verified for.
func (k *known) recalled() bool { return k.told.Load() || k.told.Swap(true) }

// doubt has the store asked again.
func (k *known) doubt() { k.until.Store(0) }

// standsIn reports whether another snapshot takes the token as well: the key is in it, in the same
// life of the stored data. A header names its key by the key's own hash, so it is the very key.
func (k *known) standsIn(set *keys.Set, tok []byte) bool {
	if _, access, ok := set.ByHeader(tok[:bytes.IndexByte(tok, '.')]); !ok || !access || set.Epoch != k.claims.Epoch {
		return false
	}
	k.keys.Store(set)
	return true
}

// judge verifies a token, and remembers what came of it if that took work. An unknown key is for
// the caller to look for: the next snapshot may have it.
func (f *Flows) judge(hash uint64, tok []byte, set *keys.Set, now time.Time) verdict {
	claims, err := f.verifier.AccessBy(set, tok)
	switch {
	case err == nil:
		return verdict{known: f.known.keep(hash, tok, claims, set, now)}
	case errors.Is(err, token.ErrUnknownKey):
		return verdict{err: token.ErrUnknownKey}
	case errors.Is(err, token.ErrForeign):
		return verdict{err: errForeign}
	}
	err = refusal(err)
	f.known.refuse(hash, tok, err, set, now, f.age(now))
	return verdict{err: err}
}

// keep remembers a token that was verified, until it expires.
func (k *knowledge) keep(hash uint64, tok []byte, a *token.Access, set *keys.Set, now time.Time) *known {
	text, claims := pack(tok, a)
	e := &cache.Entry[known]{
		Key: text[:len(tok)], Size: len(text) + knownOverhead, Expires: a.Expires + int64(leeway/time.Second),
		Value: known{claims: claims},
	}
	e.Value.keys.Store(set)
	k.good.Put(hash, e, now.Unix())
	return &e.Value
}

// pack puts the token and what its claims say into one string, which they share: a million tokens
// are two million objects to the garbage collector, and not ten.
func pack(tok []byte, a *token.Access) (string, token.Access) {
	packed := *a
	id, grant := string(a.ID), string(a.Grant)
	own := []*string{&packed.Subject, &packed.Audience, &packed.ClientID, &packed.Scope, &packed.SessionID, &id, &grant}
	size := len(tok)
	for _, s := range own {
		size += len(*s)
	}
	var b strings.Builder
	b.Grow(size)
	b.Write(tok)
	for _, s := range own {
		b.WriteString(*s)
	}
	text := b.String()
	rest := text[len(tok):]
	for _, s := range own {
		*s, rest = rest[:len(*s)], rest[len(*s):]
	}
	packed.ID, packed.Grant = oauth.TokenID(id), oauth.GrantID(grant)
	return text, packed
}

// refused returns why a token was refused a moment ago, or nil.
func (k *knowledge) refused(hash uint64, tok []byte, set *keys.Set, now time.Time, age time.Duration) error {
	found := k.junk.Get(hash, tok, now.Unix())
	if found == nil || found.keys != set || age >= found.until {
		return nil
	}
	return found.err
}

// refuse remembers a refusal.
func (k *knowledge) refuse(hash uint64, tok []byte, err error, set *keys.Set, now time.Time, age time.Duration) {
	e := &cache.Entry[junk]{
		Key: string(tok), Size: len(tok) + junkOverhead, Expires: now.Add(junkLife).Unix() + 1,
		Value: junk{err: err, keys: set, until: age + junkLife},
	}
	k.junk.Put(hash, e, now.Unix())
}
