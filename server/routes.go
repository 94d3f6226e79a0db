package server

import (
	"strings"

	"tollgate/flows/oauth"
)

// route is one row of the table: an endpoint, and what holds for it before and after its handler.
type route struct {
	methods string // like "GET, POST"; "*" is any
	path    string // as sent, undecoded; {name} is one segment, * at the end is any rest
	name    string // in logs and metrics; one per path or action
	handle  handler
	limit   limitClass
	cors    corsClass                    // which pages may call it
	noStore bool                         // nobody may keep the answer
	events  bool                         // what it does are events, which name the request
	costly  bool                         // so many at a time, see gate
	sampled bool                         // what it usually answers is logged by sample
	fail    func(*request, *oauth.Error) // writes errors; nil is failJSON

	verbs  []string // methods, split; nil is any
	meters *routeMeters
}

// limitClass says which rate limit a route counts against.
type limitClass uint8

const (
	limitNone     limitClass = iota // health, metadata, keys: cheap, and their failure is everybody's
	limitIP                         // rate_limits.per_ip
	limitValidate                   // rate_limits.validate: a gateway calls for all its users
)

// publicRoutes is what the public listener serves.
func publicRoutes() []route {
	return []route{
		{methods: "GET, HEAD", path: "/.well-known/oauth-authorization-server", name: "metadata", handle: serveMetadata, cors: corsOpen},
		{methods: "GET, HEAD", path: "/.well-known/openid-configuration", name: "metadata", handle: serveMetadata, cors: corsOpen},
		{methods: "GET, HEAD", path: "/.well-known/jwks.json", name: "jwks", handle: serveJWKS, cors: corsOpen},

		{methods: "POST", path: "/token", name: "token", handle: serveToken, limit: limitIP, costly: true, events: true, cors: corsClient, noStore: true},
		{methods: "POST", path: "/introspect", name: "introspect", handle: serveIntrospect, limit: limitIP, sampled: true, noStore: true},
		{methods: "POST", path: batchPath, name: "introspect_batch", handle: serveIntrospectBatch, limit: limitIP, costly: true, events: true, sampled: true, noStore: true},
		{methods: "POST", path: "/revoke", name: "revoke", handle: serveRevoke, limit: limitIP, events: true, cors: corsClient, noStore: true},
		{methods: "GET, POST", path: "/userinfo", name: "userinfo", handle: serveUserInfo, limit: limitIP, cors: corsClient, noStore: true, fail: failBearer},

		{methods: "*", path: "/validate", name: "validate", handle: serveValidate, limit: limitValidate, sampled: true, noStore: true, fail: failValidate},
		{methods: "*", path: "/validate/*", name: "validate", handle: serveValidate, limit: limitValidate, sampled: true, noStore: true, fail: failValidate},

		{methods: "GET, HEAD", path: "/livez", name: "livez", handle: serveLive, sampled: true},
		{methods: "GET, HEAD", path: "/readyz", name: "readyz", handle: serveReady, sampled: true},

		{methods: "GET, POST", path: "/authorize", name: "authorize", handle: serveAuthorize, limit: limitIP, costly: true, noStore: true, fail: failPage},
		{methods: "GET", path: "/login", name: "login", handle: showLogin, limit: limitIP, costly: true, noStore: true, fail: failPage},
		{methods: "POST", path: "/login", name: "login", handle: postLogin, limit: limitIP, costly: true, events: true, noStore: true, fail: failPage},
		{methods: "GET", path: "/consent", name: "consent", handle: showConsent, limit: limitIP, noStore: true, fail: failPage},
		{methods: "POST", path: "/consent", name: "consent", handle: postConsent, limit: limitIP, events: true, noStore: true, fail: failPage},
		{methods: "GET, POST", path: "/logout", name: "logout", handle: serveLogout, limit: limitIP, events: true, noStore: true, fail: failPage},
	}
}

// unmatchedName is what a request that no route took is called in logs and metrics.
const unmatchedName = "unmatched"

// compose puts each row's middleware around its handler and fills in what follows from the rest.
func (s *Server) compose(row route) route {
	if row.fail == nil {
		row.fail = failJSON
	}
	if row.methods != "*" {
		row.verbs = strings.Split(row.methods, ", ")
	}
	row.meters = s.metrics.routes[row.name]
	row.handle = s.perRoute(row)
	return row
}
