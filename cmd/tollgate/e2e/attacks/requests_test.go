//go:build attacks

package attacks

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"tollgate/cmd/tollgate/e2e"
)

// basic is the Authorization of a client (RFC 6749 2.3.1).
func basic(app e2e.App) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(app.ID)+":"+url.QueryEscape(app.Secret)))
}

// request is one to the public listener; headers are names and values, one after the other.
func (x *trial) request(method, path, body string, headers ...string) *http.Request {
	x.Helper()
	r, err := http.NewRequest(method, x.node.URL+path, strings.NewReader(body))
	if err != nil {
		x.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// get and post are requests that are sent. A form goes with the type of one.
func (x *trial) get(path string, headers ...string) answer {
	x.Helper()
	return x.ask(x.request("GET", path, "", headers...))
}

func (x *trial) post(path, form string, headers ...string) answer {
	x.Helper()
	return x.ask(x.request("POST", path, form, append(headers, "Content-Type", "application/x-www-form-urlencoded")...))
}

// postAs is post by a client that proves itself with Basic.
func (x *trial) postAs(app e2e.App, path, form string, headers ...string) answer {
	x.Helper()
	return x.post(path, form, append(headers, "Authorization", basic(app))...)
}

// bearer asks with a token.
func (x *trial) bearer(path, token string) answer {
	x.Helper()
	return x.get(path, "Authorization", "Bearer "+token)
}
