package server

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

const maxRequestID = 64

// id is what the request stands under in the log and in the answer. A caller's own id is taken over
// if it is the only one and plain enough to be harmless everywhere.
func (r *request) id() []byte {
	rec := &r.record
	if rec.idLen == 0 {
		given := r.http.Request.Header.PeekCanonical(headerRequestID)
		if r.head.requestIDs <= 1 && plainID(given) {
			rec.idLen = copy(rec.idBytes[:], given)
		} else {
			r.newID()
		}
	}
	return rec.idBytes[:rec.idLen]
}

// requestNumber is 128 bits in hexadecimal that begin at random, for each pooled request somewhere else,
// and are counted up. An id is no secret: it may be foreseen, and is not met twice.
type requestNumber [32]byte

func (n *requestNumber) randomize() {
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(raw[8:], rand.Uint64())
	hex.Encode(n[:], raw[:])
}

// next counts up by one, in place: mostly it is one digit that changes.
func (n *requestNumber) next() {
	for i := len(n) - 1; i >= 0; i-- {
		switch n[i] {
		case 'f':
			n[i] = '0'
			continue
		case '9':
			n[i] = 'a'
		default:
			n[i]++
		}
		return
	}
}

// newID makes an id.
func (r *request) newID() {
	r.number.next()
	r.record.idLen = copy(r.record.idBytes[:], r.number[:])
}

// plainID reports whether id is [A-Za-z0-9._-]{1,64}.
func plainID(id []byte) bool {
	if len(id) == 0 || len(id) > maxRequestID {
		return false
	}
	for _, c := range id {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
