package server

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"tollgate/flows/oauth"
)

// Pipelined requests of many callers and tokens, whose strings alias pooled memory, each get
// their own answer.
func TestIntrospect_PipelinedCallersGetTheirOwnAnswers(t *testing.T) {
	e := newEdge(t)
	type who struct{ auth, tok, jti string }
	var all []who
	for i := range 24 {
		id := fmt.Sprintf("caller:/%d", i) // needs decoding, so that words are used
		c, secret, err := e.flows.CreateClient(t.Context(), &oauth.Client{ID: id, GrantTypes: []oauth.GrantType{oauth.GrantClientCredentials}, Scope: oauth.Scope{"orders:read"}})
		if err != nil {
			t.Fatal(err)
		}
		auth := basic(url.QueryEscape(c.ID) + ":" + url.QueryEscape(secret))
		tok := e.send(t, call{path: "/token", auth: auth, form: clientCredentials()}).wants(t, 200, "").member(t, "access_token")
		var body map[string]any
		if err := json.Unmarshal([]byte(e.send(t, call{path: "/introspect", auth: auth, form: url.Values{"token": {tok}}}).body), &body); err != nil {
			t.Fatal(err)
		}
		all = append(all, who{auth, tok, body["jti"].(string)})
	}
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for round := range 40 {
				var raw strings.Builder
				var want []string
				for n := range 20 {
					w := all[(g*7+round*3+n)%len(all)]
					other := all[(g+round+n*5)%len(all)]
					switch n % 4 {
					case 0:
						body := "token=" + w.tok
						fmt.Fprintf(&raw, "POST /introspect HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n%sContent-Length: %d\r\n\r\n%s", w.auth, formHeader, len(body), body)
						want = append(want, w.jti)
					case 1: // somebody else's token: inactive
						body := "token=%65" + other.tok[1:]
						fmt.Fprintf(&raw, "POST /introspect HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n%sContent-Length: %d\r\n\r\n%s", w.auth, formHeader, len(body), body)
						if other.jti == w.jti {
							want = append(want, w.jti)
						} else {
							want = append(want, `{"active":false}`)
						}
					case 2:
						fmt.Fprintf(&raw, "GET /validate?scope=orders%%3Aread&x=%%41 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", w.tok)
						want = append(want, w.jti)
					case 3:
						fmt.Fprintf(&raw, "GET /validate?scope=zz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", other.tok)
						want = append(want, "403")
					}
				}
				answers := exchange(t, e.public, raw.String(), len(want))
				for i, a := range answers {
					got := a.body + a.header.Get("X-Auth-Token-Id") + fmt.Sprint(a.status)
					if !strings.Contains(got, want[i]) {
						t.Errorf("answer %d: %q, want %q", i, got, want[i])
						return
					}
				}
				if len(answers) != len(want) {
					t.Errorf("%d answers of %d", len(answers), len(want))
				}
			}
		})
	}
	group.Wait()
}
