package flows

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"tollgate/flows/oauth"
)

// The cost of a password hash: OWASP's second choice for argon2id, about 20 ms and 19 MiB.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32

	minPassword = 8
	maxPassword = 1024

	// passwordWait bounds how long a login waits for its turn: past it the answer is 503.
	passwordWait = 3 * time.Second
)

var errBadHash = errors.New("stored password hash cannot be read")

// Passwords hashes and checks what people choose. At most one hash per core runs at a time, and
// the rest of the process keeps a core: a login storm must not slow validation.
type Passwords struct {
	turns turns
	decoy string
}

// NewPasswords returns a pool that hashes at most n at a time; 0 means half the cores, at least one.
func NewPasswords(n int) *Passwords {
	if n <= 0 {
		n = max(1, runtime.GOMAXPROCS(0)/2)
	}
	p := &Passwords{turns: newTurns(n, "hash a password")}
	p.decoy = encodePHC(make([]byte, argonSalt), make([]byte, argonKey))
	return p
}

// CheckPassword reports why a password must not be chosen.
func CheckPassword(password string) error {
	switch {
	case len(password) < minPassword:
		return oauth.InvalidRequest(fmt.Sprintf("password: at least %d bytes", minPassword))
	case len(password) > maxPassword:
		return oauth.InvalidRequest(fmt.Sprintf("password: at most %d bytes", maxPassword))
	case strings.ContainsRune(password, 0):
		return oauth.InvalidRequest("password: must not contain NUL")
	}
	return nil
}

// Hash returns the PHC string of a password.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key, err := p.derive(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return encodePHC(salt, key), nil
}

// Verify reports whether the password belongs to the hash. An empty hash, as of a user who does
// not exist, takes as long as any other and never matches.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	salt, want, err := decodePHC(hash)
	if err != nil {
		return false, oauth.Internal(err)
	}
	if len(password) > maxPassword {
		return false, nil
	}
	got, err := p.derive(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

// derive waits for a turn and hashes. The password is taken in NFC, so that the same letters
// typed on another keyboard are the same password (RFC 8265 4.2.2).
func (p *Passwords) derive(ctx context.Context, password string, salt []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, passwordWait)
	defer cancel()
	if err := p.turns.take(ctx); err != nil {
		return nil, err
	}
	defer p.turns.give()
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, argonTime, argonMemory, argonThreads, argonKey), nil
}

func encodePHC(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// decodePHC reads only hashes of our own cost: a record that names another cost is not ours.
func decodePHC(hash string) (salt, key []byte, err error) {
	prefix := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)
	rest, ours := strings.CutPrefix(hash, prefix)
	s, k, two := strings.Cut(rest, "$")
	if !ours || !two {
		return nil, nil, errBadHash
	}
	if salt, err = base64.RawStdEncoding.DecodeString(s); err != nil || len(salt) != argonSalt {
		return nil, nil, errBadHash
	}
	if key, err = base64.RawStdEncoding.DecodeString(k); err != nil || len(key) != argonKey {
		return nil, nil, errBadHash
	}
	return salt, key, nil
}
