//go:build linux

package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
)

const (
	alphabet  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	junkOfOne = 500 // requests of each kind; no two that are sent are the same all the same
	junkText  = 300 // random bytes in a token that is no JWT
	scrambled = 64  // characters of a token that each sending makes anew
	tail      = 8   // and that stay as they are behind them
)

// junkFor is what a stranger shows who knows one good token, in equal parts: text that is no JWT, JWTs
// by keys that nobody has, and the good token's header and claims under another signature.
func junkFor(address, good string) [][]byte {
	claims := strings.IndexByte(good, '.')
	var all [][]byte
	for range junkOfOne {
		header := fmt.Sprintf(`{"alg":"EdDSA","typ":"at+jwt","kid":"%s"}`, noise(32))
		for _, tok := range []string{noise(junkText), base64.RawURLEncoding.EncodeToString([]byte(header)) + good[claims:], good} {
			all = append(all, get(address, "/validate", tok))
		}
	}
	return all
}

// noise is random bytes in base64url.
func noise(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// scramble makes the end of the token anew that ends a request, but for the last characters. These are
// those of a good signature, or most signatures would be refused for a number that is too large, and
// nothing would have to be computed.
func scramble(request []byte) {
	end := len(request) - len("\r\n\r\n") - tail
	for i := end - scrambled; i < end; i++ {
		request[i] = alphabet[mathrand.IntN(len(alphabet))]
	}
}
