package flows

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"tollgate/flows/oauth"
)

const (
	minVerifier  = 43 // RFC 7636 4.1
	maxVerifier  = 128
	challengeLen = 43 // BASE64URL(SHA256(...)), RFC 7636 4.2
	methodS256   = "S256"
)

// checkChallenge demands PKCE of every client, and S256 of every challenge (RFC 9700 2.1.1). A
// challenge without a method would mean "plain" (RFC 7636 4.3).
func checkChallenge(challenge, method string) error {
	switch {
	case challenge == "":
		return oauth.InvalidRequest("code_challenge is required") // 4.4.1
	case method != methodS256:
		return oauth.InvalidRequest("code_challenge_method must be S256") // 4.4.1
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(challenge) != challengeLen || len(raw) != sha256.Size {
		return oauth.InvalidRequest("code_challenge is malformed") // 4.2
	}
	return nil
}

// challengeOf returns the challenge that a verifier answers, "" where it is not one: then no
// challenge matches (RFC 7636 4.6).
func challengeOf(verifier string) string {
	if len(verifier) < minVerifier || len(verifier) > maxVerifier || strings.ContainsFunc(verifier, notUnreserved) {
		return ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// notUnreserved is true outside ALPHA / DIGIT / "-" / "." / "_" / "~" (RFC 7636 4.1).
func notUnreserved(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-._~", r))
}
