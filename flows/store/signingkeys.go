package store

import (
	"context"
	"strings"
	"time"

	"tollgate/flows/oauth"
)

// SigningKey is one signing key at rest. Its state follows from its times: next before ActiveAt,
// active until RetiredAt, retired after it, gone at RemoveAt; zero times have not been set.
type SigningKey struct {
	KID       string    `json:"kid"`
	Alg       oauth.Alg `json:"alg"`
	Sealed    []byte    `json:"sealed"` // PKCS #8 under AES-256-GCM with the master key
	CreatedAt time.Time `json:"created_at"`
	ActiveAt  time.Time `json:"active_at"`
	RetiredAt time.Time `json:"retired_at,omitzero"`
	RemoveAt  time.Time `json:"remove_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"` // emergency: neither published nor accepted
}

// KeySet is all signing keys as one value that changes as a whole.
type KeySet struct {
	// Epoch names this life of the data: made with the first key set, kept by every later one.
	// A backend that lost its data cannot show it, which is how the loss is noticed. What is given
	// in one life is worth nothing in the next.
	Epoch    string       `json:"epoch"`
	Replaces string       `json:"-"`       // the epoch that a new one ends; "" in every other save
	Version  int64        `json:"version"` // 1 for the first, +1 with every save
	Keys     []SigningKey `json:"keys"`
}

// SigningKeys keeps the key set, without expiry.
type SigningKeys interface {
	// GetKeySet returns the key set, or ErrAbsent before the first save. Where the backend holds
	// older data than it has shown before, as after a backup was restored, it says ErrReset and
	// returns the set that is there: its epoch must be replaced.
	GetKeySet(ctx context.Context) (*KeySet, error)
	// SaveKeySet replaces the set if the stored version is ks.Version-1 (0: there is none yet);
	// ErrVersion if it is not, or if the stored epoch is neither ks.Epoch nor ks.Replaces. So of racing nodes one wins, and the others read what it made.
	SaveKeySet(ctx context.Context, ks *KeySet) error
}

// laterLife is what the epoch of a life begins with that took the place of another.
const laterLife = "+"

// LaterEpoch makes of a fresh name the epoch that replaces another one.
func LaterEpoch(name string) string { return laterLife + name }

// SameLife reports whether what names an epoch was given in the life of the stored one. What names
// none was given before grants and sessions named theirs: in the first life.
func SameLife(stored, named string) bool {
	return named == stored || named == "" && !strings.HasPrefix(stored, laterLife)
}
