package server

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

const maxRequestID = 64

// identified gives the request the id under which it stands in the log and in the answer. A
// caller's own id is taken over if it is plain enough to be harmless everywhere.
func identified(next handler) handler {
	return func(r *request) error {
		if given := r.header("X-Request-Id"); plainID(given) && r.head.requestIDs <= 1 {
			r.record.idLen = copy(r.record.idBytes[:], given)
		} else {
			r.record.newID()
		}
		return next(r)
	}
}

// newID makes an id of 128 random bits. It is no secret, so the runtime's generator will do.
func (rec *record) newID() {
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(raw[8:], rand.Uint64())
	rec.idLen = hex.Encode(rec.idBytes[:], raw[:])
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
