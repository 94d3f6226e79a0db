package server

import (
	"bytes"
	"slices"
	"strings"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"tollgate/flows/oauth"
)

// route is one row of the table: an endpoint, and what holds for it before and after its handler.
type route struct {
	methods string // like "GET, POST"; "*" is any
	path    string // as sent, undecoded; {name} is one segment, * at the end is any rest
	name    string // in logs and metrics; one per path or action
	handle  handler
	limit   limitClass
	cors    bool                         // browsers of registered origins may call it
	noStore bool                         // nobody may keep the answer
	events  bool                         // what it does are events, which name the request
	fail    func(*request, *oauth.Error) // writes errors; nil is failJSON

	verbs []string // methods, split; nil is any
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
		{methods: "GET, HEAD", path: "/.well-known/oauth-authorization-server", name: "metadata", handle: serveMetadata, cors: true},
		{methods: "GET, HEAD", path: "/.well-known/openid-configuration", name: "metadata", handle: serveMetadata, cors: true},
		{methods: "GET, HEAD", path: "/.well-known/jwks.json", name: "jwks", handle: serveJWKS, cors: true},

		{methods: "POST", path: "/token", name: "token", handle: serveToken, limit: limitIP, events: true, cors: true, noStore: true},
		{methods: "POST", path: "/introspect", name: "introspect", handle: serveIntrospect, limit: limitIP, events: true, noStore: true},
		{methods: "POST", path: batchPath, name: "introspect_batch", handle: serveIntrospectBatch, limit: limitIP, events: true, noStore: true},
		{methods: "POST", path: "/revoke", name: "revoke", handle: serveRevoke, limit: limitIP, events: true, cors: true, noStore: true},
		{methods: "GET, POST", path: "/userinfo", name: "userinfo", handle: serveUserInfo, limit: limitIP, cors: true, noStore: true, fail: failBearer},

		{methods: "*", path: "/validate", name: "validate", handle: serveValidate, limit: limitValidate, noStore: true, fail: failValidate},
		{methods: "*", path: "/validate/*", name: "validate", handle: serveValidate, limit: limitValidate, noStore: true, fail: failValidate},

		{methods: "GET, HEAD", path: "/livez", name: "livez", handle: serveLive},
		{methods: "GET, HEAD", path: "/readyz", name: "readyz", handle: serveReady},

		{methods: "GET, POST", path: "/authorize", name: "authorize", handle: serveAuthorize, limit: limitIP, noStore: true, fail: failPage},
		{methods: "GET", path: "/login", name: "login", handle: showLogin, limit: limitIP, noStore: true, fail: failPage},
		{methods: "POST", path: "/login", name: "login", handle: postLogin, limit: limitIP, events: true, noStore: true, fail: failPage},
		{methods: "GET", path: "/consent", name: "consent", handle: showConsent, limit: limitIP, noStore: true, fail: failPage},
		{methods: "POST", path: "/consent", name: "consent", handle: postConsent, limit: limitIP, events: true, noStore: true, fail: failPage},
		{methods: "GET, POST", path: "/logout", name: "logout", handle: serveLogout, limit: limitIP, events: true, noStore: true, fail: failPage},
	}
}

// unmatched stands for a request that no route took.
var unmatched = route{name: "unmatched", fail: failJSON}

// resource is everything that lives at one path.
type resource struct {
	routes []route
	allow  string // every method, for 405 (RFC 9110 15.5.6)
}

// newRouter composes every route with its middleware and files them by path. The router only
// finds the path: methods are matched here, so that Allow names exactly what exists.
func (s *Server) newRouter(routes []route) fasthttp.RequestHandler {
	rt := router.New()
	rt.RedirectTrailingSlash = false // a redirect would copy codes and states along
	rt.RedirectFixedPath = false
	rt.HandleMethodNotAllowed = false
	rt.HandleOPTIONS = false
	rt.NotFound = func(http *fasthttp.RequestCtx) { requestOf(http).outcome = errNotFound }

	var paths []string
	at := map[string]*resource{}
	for _, row := range routes {
		if row.fail == nil {
			row.fail = failJSON
		}
		if row.methods != "*" {
			row.verbs = strings.Split(row.methods, ", ")
		}
		row.handle = s.perRoute(row)
		if at[row.path] == nil {
			at[row.path] = &resource{}
			paths = append(paths, row.path)
		}
		at[row.path].routes = append(at[row.path].routes, row)
	}
	var subtrees []subtree
	for _, path := range paths {
		res := at[path]
		res.allow = allowOf(res.routes)
		if root, ok := strings.CutSuffix(path, "*"); ok {
			subtrees = append(subtrees, subtree{root, res})
			continue
		}
		rt.ANY(path, res.serve)
	}
	return func(http *fasthttp.RequestCtx) {
		path := http.URI().PathOriginal()
		for i := range subtrees {
			if bytes.HasPrefix(path, []byte(subtrees[i].root)) {
				subtrees[i].res.serve(http)
				return
			}
		}
		rt.Handler(http)
	}
}

// subtree is a resource that answers everything under its root. It is not the router's business:
// its wildcards allocate per request and do not match the bare root.
type subtree struct {
	root string // ends with a slash
	res  *resource
}

// serve runs the route of the request's method.
func (res *resource) serve(http *fasthttp.RequestCtx) {
	r := requestOf(http)
	method := http.Method()
	for i := range res.routes {
		if row := &res.routes[i]; row.takes(method) {
			r.route = row
			r.outcome = row.handle(r)
			return
		}
	}
	r.route = &route{name: res.routes[0].name, fail: failJSON}
	r.setHeader("Allow", res.allow)
	r.outcome = errMethod
}

// takes reports whether the route answers the method. Methods are case-sensitive (RFC 9110 9.1).
func (row *route) takes(method []byte) bool {
	if row.verbs == nil {
		return true
	}
	for _, verb := range row.verbs {
		if verb == string(method) {
			return true
		}
	}
	return row.cors && string(method) == fasthttp.MethodOptions
}

// allowOf lists the methods of all routes of one path.
func allowOf(routes []route) string {
	var all []string
	for _, row := range routes {
		all = append(all, row.verbs...)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}
