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

// newID makes an id of 128 random bits, of which half are those of the pooled request. It is no secret,
// so the runtime's generator will do.
func (r *request) newID() {
	rec := &r.record
	n := copy(rec.idBytes[:], r.idHalf[:])
	rec.idLen = n + len(appendHalf(rec.idBytes[n:n]))
}

// appendHalf appends 64 random bits in hexadecimal.
func appendHalf(dst []byte) []byte {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], rand.Uint64())
	return hex.AppendEncode(dst, raw[:])
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
