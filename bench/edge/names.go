//go:build linux

package main

// Names of rows, as the goals refer to them.
const (
	bareGet        = "bare fasthttp, GET, the bytes of /validate"
	validateHit    = "Tollgate /validate, hit"
	validateRedis  = "Tollgate /validate on Redis, hit"
	validateNew    = "Tollgate /validate, every token new"
	haproxyVerify  = "HAProxy jwt_verify"
	nginxEmpty     = "nginx return 204"
	rsaVerify      = "raw RSA-2048 verify"
	bareIntrospect = "bare fasthttp, POST, the bytes of /introspect"
	introspectHit  = "Tollgate /introspect, hit"
	introspectMany = "Tollgate /introspect/batch of 100, tokens"
	oidcIntrospect = "oidc-provider introspection"
	fositeInspect  = "fosite introspection"
	bareRSA        = "bare fasthttp, POST, the bytes of an RS256 token answer"
	tokenRSA       = "Tollgate client_credentials, RS256"
	rsaSign        = "raw RSA-2048 sign"
	oidcJWT        = "oidc-provider client_credentials, RS256"
	oidcOpaque     = "oidc-provider client_credentials, opaque"
	fositeJWT      = "fosite client_credentials, RS256"
	fositeOpaque   = "fosite client_credentials, opaque"
	bareEdDSA      = "bare fasthttp, POST, the bytes of an EdDSA token answer"
	tokenEdDSA     = "Tollgate client_credentials, EdDSA"
	edSign         = "raw Ed25519 sign"
	bareRefresh    = "bare fasthttp, POST, the bytes of a refresh answer"
	refreshRedis   = "Tollgate refresh on Redis, EdDSA"
	validateMany   = "Tollgate /validate, 1,000 tokens"
	besideJunk     = "Tollgate /validate, 1,000 tokens, beside junk"
	junkAlone      = "Tollgate /validate, junk alone"
	validatePaced  = "Tollgate /validate, paced"
	besideStorm    = "Tollgate /validate, paced, beside a storm of signatures"
	rawRotate      = "raw EVALSHA of the rotate script"
)
