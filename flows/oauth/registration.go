package oauth

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxClientID     = 128
	maxName         = 128
	maxRedirectURIs = 64
	maxUsername     = 128
	maxAudience     = 256
)

// CheckClient returns every reason why the client must not be registered as it is, empty if
// there is none. What it accepts, every flow may rely on.
func CheckClient(c *Client) []string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	if !isName(c.ID, maxClientID, "._-~:/") {
		add("client_id: wants 1 to %d of A-Z a-z 0-9 . _ - ~ : /", maxClientID)
	}
	if strings.HasPrefix(c.ID, SubjectPrefix) {
		add("client_id: must not start with %q, which starts the subjects of users", SubjectPrefix)
	}
	if len(c.Name) > maxName || strings.ContainsFunc(c.Name, isUnprintable) {
		add("client_name: wants at most %d bytes of printable text", maxName)
	}
	if !slices.Contains([]AuthMethod{AuthAnySecret, AuthSecretBasic, AuthSecretPost, AuthNone}, c.AuthMethod) {
		add("token_endpoint_auth_method: is not one of client_secret_basic, client_secret_post, none")
	}
	if c.SigningAlg != "" && !slices.Contains(Algs(), c.SigningAlg) {
		add("signing_alg: is not one of RS256, ES256, EdDSA")
	}
	problems = append(problems, checkGrants(c)...)
	problems = append(problems, checkURIs(c)...)
	problems = append(problems, checkOrigins(c)...)
	if parsed, err := ParseScope(c.Scope.String()); err != nil || len(parsed) != len(c.Scope) {
		add("scope: a list of at most %d different scope tokens, %d bytes in all (RFC 6749 3.3)", maxScopes, maxScopeLength)
	}
	if c.Audience != "" && !isAudience(c.Audience) {
		add("audience: an absolute URI without fragment, or a name, of at most %d bytes", maxAudience)
	}
	return problems
}

func checkGrants(c *Client) []string {
	var problems []string
	known := []GrantType{GrantAuthorizationCode, GrantRefreshToken, GrantClientCredentials}
	for i, g := range c.GrantTypes {
		if !slices.Contains(known, g) {
			problems = append(problems, fmt.Sprintf("grant_types[%d]: is not one of authorization_code, refresh_token, client_credentials", i))
		}
	}
	switch {
	case c.Public() && c.MayUse(GrantClientCredentials):
		problems = append(problems, "grant_types: a public client has no credentials for client_credentials (RFC 6749 4.4)")
	case c.MayUse(GrantRefreshToken) && !c.MayUse(GrantAuthorizationCode):
		problems = append(problems, "grant_types: refresh_token needs authorization_code")
	case c.MayUse(GrantAuthorizationCode) && len(c.RedirectURIs) == 0:
		problems = append(problems, "redirect_uris: authorization_code needs at least one")
	}
	if c.Public() && c.IntrospectAny {
		problems = append(problems, "introspect_any: a public client cannot introspect (RFC 7662 2.1)")
	}
	return problems
}

func checkURIs(c *Client) []string {
	var problems []string
	for name, uris := range map[string][]string{"redirect_uris": c.RedirectURIs, "post_logout_redirect_uris": c.PostLogoutRedirectURIs} {
		if len(uris) > maxRedirectURIs {
			problems = append(problems, fmt.Sprintf("%s: at most %d", name, maxRedirectURIs))
			continue
		}
		for i, uri := range uris {
			if err := CheckRedirectURI(uri, c.Public()); err != nil {
				problems = append(problems, fmt.Sprintf("%s[%d]: %s", name, i, strings.TrimPrefix(AsError(err).Description, "redirect URI ")))
			}
		}
	}
	slices.Sort(problems)
	return problems
}

func isAudience(s string) bool {
	return len(s) <= maxAudience && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }) &&
		!strings.Contains(s, "#")
}

// CheckUsername reports why a username must not be registered. Only lower-case ASCII is taken:
// no two accounts then look alike, and no folding decides who somebody is (RFC 8265 3.2).
func CheckUsername(username string) error {
	if !isName(username, maxUsername, "._-@+") || username != strings.ToLower(username) {
		return InvalidRequest(fmt.Sprintf("username: wants 1 to %d of a-z 0-9 . _ - @ +", maxUsername))
	}
	return nil
}

// CheckUser returns every reason why the user must not be registered as it is.
func CheckUser(u *User) []string {
	var problems []string
	if err := CheckUsername(u.Username); err != nil {
		problems = append(problems, AsError(err).Description)
	}
	for name, value := range map[string]string{"name": u.Name, "given_name": u.GivenName, "family_name": u.FamilyName, "email": u.Email} {
		if len(value) > 2*maxName || strings.ContainsFunc(value, isUnprintable) {
			problems = append(problems, fmt.Sprintf("%s: wants at most %d bytes of printable text", name, 2*maxName))
		}
	}
	if u.Email != "" && (strings.Count(u.Email, "@") != 1 || strings.ContainsAny(u.Email, " ,;<>\"")) {
		problems = append(problems, "email: wants one address")
	}
	slices.Sort(problems)
	return problems
}

// isName reports whether s is 1 to max letters, digits and extras, all ASCII.
func isName(s string, max int, extras string) bool {
	return s != "" && len(s) <= max && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(extras, r))
	})
}

// isUnprintable is true for control characters and for those that turn or hide text (bidi
// overrides, zero width), which would let one name pass for another on the consent page.
func isUnprintable(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xfffd:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
		return true
	}
	return false
}
