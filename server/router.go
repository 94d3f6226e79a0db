package server

import (
	"bytes"
	"slices"
	"strings"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"
)

// resource is everything that lives at one path.
type resource struct {
	routes []route
	other  route  // answers the methods that no route takes
	allow  string // every method, for 405 (RFC 9110 15.5.6)
}

// table finds the resource of a path: by its exact words, by its root, or by a pattern.
type table struct {
	exact    map[string]*resource
	subtrees []subtree
	patterns fasthttp.RequestHandler
}

// subtree is a resource that answers everything under its root. It is not the router's business:
// its wildcards allocate per request and do not match the bare root.
type subtree struct {
	root []byte // ends with a slash
	res  *resource
}

// requestKey is where a request waits for its handler on the other side of the router.
type requestKey struct{}

// newRouter composes every route with its middleware and files them by path. Methods are matched
// behind that, so that Allow names exactly what exists.
func (s *Server) newRouter(routes []route) handler {
	var paths []string
	at := map[string]*resource{}
	for _, row := range routes {
		if at[row.path] == nil {
			at[row.path] = &resource{}
			paths = append(paths, row.path)
		}
		at[row.path].routes = append(at[row.path].routes, s.compose(row))
	}
	t := &table{exact: map[string]*resource{}}
	patterns := newPatterns()
	for _, path := range paths {
		res := at[path]
		res.allow = allowOf(res.routes)
		res.other = route{name: res.routes[0].name, fail: failJSON, meters: res.routes[0].meters}
		if root, ok := strings.CutSuffix(path, "*"); ok {
			t.subtrees = append(t.subtrees, subtree{[]byte(root), res})
		} else if strings.Contains(path, "{") {
			patterns.ANY(path, res.serveRouted)
		} else {
			t.exact[path] = res
		}
	}
	t.patterns = patterns.Handler
	return t.serve
}

// newPatterns returns a router for the paths with an {id} in them. Every shorter way is taken before
// it: it costs a request more than all other middleware together.
func newPatterns() *router.Router {
	rt := router.New()
	rt.RedirectTrailingSlash = false // a redirect would copy codes and states along
	rt.RedirectFixedPath = false
	rt.HandleMethodNotAllowed = false
	rt.HandleOPTIONS = false
	rt.NotFound = func(http *fasthttp.RequestCtx) {
		http.UserValue(requestKey{}).(*request).outcome = errNotFound
	}
	return rt
}

// serve answers from the resource that the path names, as it was sent.
func (t *table) serve(r *request) error {
	path := r.http.URI().PathOriginal()
	if res := t.exact[string(path)]; res != nil {
		return res.serve(r)
	}
	for i := range t.subtrees {
		if bytes.HasPrefix(path, t.subtrees[i].root) {
			return t.subtrees[i].res.serve(r)
		}
	}
	r.http.SetUserValue(requestKey{}, r)
	t.patterns(r.http)
	return r.outcome
}

// serveRouted is serve behind the router, which knows no errors.
func (res *resource) serveRouted(http *fasthttp.RequestCtx) {
	r := http.UserValue(requestKey{}).(*request)
	r.outcome = res.serve(r)
}

// serve runs the route of the request's method.
func (res *resource) serve(r *request) error {
	method := r.http.Method()
	for i := range res.routes {
		if row := &res.routes[i]; row.takes(method) {
			r.route = row
			return row.handle(r)
		}
	}
	r.route = &res.other
	r.setHeader("Allow", res.allow)
	return errMethod
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
	return row.cors != corsNone && string(method) == fasthttp.MethodOptions
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
