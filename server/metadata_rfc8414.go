package server

import (
	"crypto/sha256"
	"encoding/base64"

	"tollgate/flows/oauth"
)

// metadataMaxAge is how long the documents may be kept. They change with the configuration only.
const metadataMaxAge = "public, max-age=3600"

// document is a body that is rendered once and served to everybody.
type document struct {
	body []byte
	etag string
}

func newDocument(body []byte) document {
	sum := sha256.Sum256(body)
	return document{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// serveMetadata serves the one document of both well-known paths: RFC 8414 3 and OIDC Discovery 4 define
// members that do not collide. Nothing in it depends on the request.
func serveMetadata(r *request) error {
	r.sendDocument(r.s.discovery.body, r.s.discovery.etag, metadataMaxAge)
	return nil
}

// renderMetadata renders the document for the issuer (RFC 8414 2, OIDC Discovery 3, RFC 9207 3,
// OIDC RP-Initiated Logout 2.1).
func renderMetadata(issuer string) document {
	var algs []string
	for _, alg := range oauth.Algs() {
		algs = append(algs, string(alg))
	}
	confidential := []string{string(oauth.AuthSecretBasic), string(oauth.AuthSecretPost)}
	anyClient := append(confidential[:2:2], string(oauth.AuthNone))

	o := newObject(nil)
	o.string("issuer", issuer)
	o.string("authorization_endpoint", issuer+"/authorize")
	o.string("token_endpoint", issuer+"/token")
	o.string("userinfo_endpoint", issuer+"/userinfo")
	o.string("jwks_uri", issuer+"/.well-known/jwks.json")
	o.string("introspection_endpoint", issuer+"/introspect")
	o.string("revocation_endpoint", issuer+"/revoke")
	o.string("end_session_endpoint", issuer+"/logout")
	o.strings("scopes_supported", []string{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeOfflineAccess})
	o.strings("response_types_supported", []string{"code"})
	o.strings("response_modes_supported", []string{"query"})
	o.strings("grant_types_supported", []string{
		string(oauth.GrantAuthorizationCode), string(oauth.GrantRefreshToken), string(oauth.GrantClientCredentials)})
	o.strings("code_challenge_methods_supported", []string{"S256"})
	o.strings("token_endpoint_auth_methods_supported", anyClient)
	o.strings("introspection_endpoint_auth_methods_supported", confidential)
	o.strings("revocation_endpoint_auth_methods_supported", anyClient)
	o.strings("subject_types_supported", []string{"public"})
	o.strings("id_token_signing_alg_values_supported", algs)
	o.strings("claims_supported", []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid",
		"preferred_username", "name", "given_name", "family_name", "updated_at", "email", "email_verified"})
	o.strings("prompt_values_supported", []string{"none", "login", "consent", "select_account"})
	o.bool("authorization_response_iss_parameter_supported", true)
	o.bool("claims_parameter_supported", false)
	o.bool("request_parameter_supported", false)
	o.bool("request_uri_parameter_supported", false) // its default is true
	return newDocument(o.end())
}

// sendDocument answers with a body that the client may already have (RFC 9110 13.1.2). The body is
// not copied: it must never change.
func (r *request) sendDocument(body []byte, etag, cacheControl string) {
	r.setHeader("ETag", etag)
	r.setHeader("Cache-Control", cacheControl)
	if matchesETag(r.header("If-None-Match"), etag) {
		r.http.Response.SetStatusCode(304)
		return
	}
	r.http.Response.SetStatusCode(200)
	r.http.Response.Header.SetContentType("application/json")
	r.http.Response.SetBodyRaw(body)
}
