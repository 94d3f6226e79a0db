package oauth

import (
	"slices"
	"strings"
)

// The scopes that mean something to the server itself.
const (
	ScopeOpenID        = "openid"         // OIDC Core 3.1.2.1
	ScopeProfile       = "profile"        // OIDC Core 5.4
	ScopeEmail         = "email"          // OIDC Core 5.4
	ScopeOfflineAccess = "offline_access" // OIDC Core 11
)

const (
	maxScopes      = 64
	maxScopeLength = 1024 // with it, every access token stays far below what /validate reads
)

// Scope is a set of scope tokens in the order they were first named (RFC 6749 3.3).
type Scope []string

// ParseScope reads a scope parameter. It refuses what RFC 6749 3.3 does not allow, and lists
// that are longer than any honest client's. A repeated token counts once.
func ParseScope(s string) (Scope, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > maxScopeLength {
		return nil, NewError(CodeInvalidScope, "scope is too long")
	}
	var scope Scope
	for name := range strings.SplitSeq(s, " ") {
		if !isScopeToken(name) {
			return nil, NewError(CodeInvalidScope, "scope is malformed")
		}
		if !scope.Has(name) {
			scope = append(scope, name)
		}
		if len(scope) > maxScopes {
			return nil, NewError(CodeInvalidScope, "too many scopes")
		}
	}
	return scope, nil
}

// isScopeToken reports whether s is 1*( %x21 / %x23-5B / %x5D-7E ), RFC 6749 3.3.
func isScopeToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// String joins the tokens with single spaces.
func (s Scope) String() string { return strings.Join(s, " ") }

// Has reports whether name is in the set.
func (s Scope) Has(name string) bool { return slices.Contains(s, name) }

// Covers reports whether every token of other is in s.
func (s Scope) Covers(other Scope) bool {
	for _, name := range other {
		if !s.Has(name) {
			return false
		}
	}
	return true
}

// Without returns the set less name.
func (s Scope) Without(name string) Scope {
	return slices.DeleteFunc(slices.Clone(s), func(n string) bool { return n == name })
}

// Within returns what of s is also in other.
func (s Scope) Within(other Scope) Scope {
	return slices.DeleteFunc(slices.Clone(s), func(n string) bool { return !other.Has(n) })
}

// Union returns s followed by what other has and s has not.
func (s Scope) Union(other Scope) Scope {
	out := slices.Clone(s)
	for _, name := range other {
		if !out.Has(name) {
			out = append(out, name)
		}
	}
	return out
}
