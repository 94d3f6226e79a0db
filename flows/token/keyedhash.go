package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// keyedHash is HMAC-SHA256 under one key. To prepare it for a key costs more than to use it, so what is
// prepared is kept.
type keyedHash struct{ prepared sync.Pool }

type preparedHash struct {
	hash.Hash
	text []byte // what is hashed; what passes through an interface would be allocated each time
}

func newKeyedHash(key []byte) *keyedHash {
	return &keyedHash{sync.Pool{New: func() any { return &preparedHash{Hash: hmac.New(sha256.New, key)} }}}
}

// sum is the HMAC of two pieces, one behind the other.
func (k *keyedHash) sum(first string, second []byte) (sum [sha256.Size]byte) {
	p := k.prepared.Get().(*preparedHash)
	defer k.prepared.Put(p)
	p.Reset()
	p.text = append(append(p.text[:0], first...), second...)
	p.Write(p.text)
	clear(p.text) // it may be a secret
	p.text = p.Sum(p.text[:0])
	return [sha256.Size]byte(p.text)
}
