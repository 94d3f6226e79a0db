package server

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

const inactive = `{"active":false}`

func TestIntrospect_AnswerIsThatOfRFC7662(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	for _, hint := range []string{"", "access_token", "refresh_token", "nonsense"} {
		t.Run("row 204: hint "+hint, func(t *testing.T) {
			a := e.do(t, call{path: "/introspect", auth: gatewayBasic, form: url.Values{"token": {tok}, "token_type_hint": {hint}}}).wants(t, 200, "")
			var body map[string]any
			if err := json.Unmarshal([]byte(a.body), &body); err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]any{"active": true, "client_id": "demo-service", "sub": "demo-service", "iss": testIssuer,
				"aud": testIssuer + "/resources", "scope": "orders:read orders:write", "token_type": "Bearer"} {
				if body[name] != want {
					t.Errorf("%s = %v, want %v", name, body[name], want)
				}
			}
			if body["exp"].(float64)-body["iat"].(float64) != 600 {
				t.Errorf("exp %v, iat %v", body["exp"], body["iat"])
			}
		})
	}
}

func TestIntrospect_CallerMustProveItself(t *testing.T) {
	e := newEdge(t)
	tok := url.Values{"token": {e.serviceToken(t)}}
	t.Run("row 197: public client", func(t *testing.T) {
		e.do(t, call{path: "/introspect", form: url.Values{"token": {"x"}, "client_id": {"demo-spa"}}}).wants(t, 401, "invalid_client")
	})
	t.Run("no client at all", func(t *testing.T) {
		e.do(t, call{path: "/introspect", form: tok}).wants(t, 401, "invalid_client")
	})
	t.Run("row 196: bearer", func(t *testing.T) {
		e.do(t, call{path: "/introspect", auth: "Bearer " + tok.Get("token"), form: tok}).wants(t, 401, "invalid_client")
	})
	t.Run("row 199: GET", func(t *testing.T) {
		e.do(t, call{method: "GET", path: "/introspect?token=x", auth: gatewayBasic}).wants(t, 405, "method_not_allowed")
	})
}

func TestIntrospect_WhatIsNotTheCallersBusinessIsInactive(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	_, secret, err := e.flows.CreateClient(t.Context(), &oauth.Client{ID: "stranger"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(auth string) string {
		return e.do(t, call{path: "/introspect", auth: auth, form: url.Values{"token": {tok}}}).wants(t, 200, "").body
	}
	if got := ask(basic("stranger:" + secret)); got != inactive {
		t.Errorf("row 201: %s", got)
	}
	if got := ask(gatewayBasic); got == inactive {
		t.Error("row 208: one caller's answer became another's")
	}
	if got := ask(serviceBasic); got == inactive {
		t.Error("a client may look at its own token")
	}
	if got := ask(basic("stranger:" + secret)); got != inactive {
		t.Errorf("row 208: with a warm cache: %s", got)
	}
}

func TestIntrospect_WhatIsNoTokenIsInactive(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	for name, sent := range map[string]string{
		"garbage":              "garbage",
		"row 288: last letter": tok[:len(tok)-1] + string(tok[len(tok)-1]^1),
		"row 207: only dots":   strings.Repeat(".", 60<<10),
		"row 207: 60 KB":       strings.Repeat("a", 60<<10),
		"alg none":             "eyJhbGciOiJub25lIn0." + strings.Split(tok, ".")[1] + ".",
	} {
		t.Run(name, func(t *testing.T) {
			took := fastest(func() {
				if got := e.do(t, call{path: "/introspect", auth: gatewayBasic, form: url.Values{"token": {sent}}}).wants(t, 200, "").body; got != inactive {
					t.Errorf("%s", got)
				}
			})
			if took > 200*time.Millisecond {
				t.Errorf("it took %v", took)
			}
		})
	}
	for name, form := range map[string]url.Values{
		"row 198: no token":    {},
		"row 198: empty token": {"token": {""}},
		"row 198: token twice": {"token": {"a", "b"}},
		"row 289: CR and LF":   {"token": {tok[:20] + "\r\n" + tok[20:]}},
	} {
		t.Run(name, func(t *testing.T) {
			e.do(t, call{path: "/introspect", auth: gatewayBasic, form: form}).wants(t, 400, "invalid_request")
		})
	}
}

func batchOf(tokens ...string) string {
	body, _ := json.Marshal(map[string][]string{"tokens": tokens})
	return string(body)
}

func TestIntrospectBatch_AnswersInOrder(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	a := e.do(t, call{path: "/introspect/batch", auth: gatewayBasic, json: batchOf(tok, "garbage", tok)}).wants(t, 200, "")
	var body struct {
		Results []struct{ Active bool }
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(body.Results) != "[{true} {false} {true}]" {
		t.Errorf("row 212, 213: %s", a.body)
	}
	hundred := make([]string, 100)
	for i := range hundred {
		hundred[i] = tok
	}
	t.Run("row 211: the most there can be", func(t *testing.T) {
		a := e.do(t, call{path: "/introspect/batch", auth: gatewayBasic, json: batchOf(hundred...)}).wants(t, 200, "")
		if n := strings.Count(a.body, `"active":true`); n != 100 {
			t.Errorf("%d active", n)
		}
	})
	t.Run("row 211: one more", func(t *testing.T) {
		e.do(t, call{path: "/introspect/batch", auth: gatewayBasic, json: batchOf(append(hundred, tok)...)}).wants(t, 400, "invalid_request")
	})
}

func TestIntrospectBatch_TakesNothingButStrings(t *testing.T) {
	e := newEdge(t)
	for name, body := range map[string]string{
		"row 211: none":              `{"tokens":[]}`,
		"row 212: number":            `{"tokens":["a",1]}`,
		"row 212: null":              `{"tokens":["a",null]}`,
		"row 212: null for all":      `{"tokens":null}`,
		"row 212: object":            `{"tokens":[{"a":"b"}]}`,
		"row 212: nested array":      `{"tokens":[["a"]]}`,
		"row 212: string":            `{"tokens":"a"}`,
		"row 212: empty string":      `{"tokens":[""]}`,
		"row 212: element too long":  `{"tokens":["` + strings.Repeat("a", 60<<10) + `"]}`,
		"row 49: unknown member":     `{"tokens":["a"],"x":1}`,
		"row 49: other case":         `{"Tokens":["a"]}`,
		"row 49: member twice":       `{"tokens":["a"],"tokens":["b"]}`,
		"row 49: bytes after it":     `{"tokens":["a"]}x`,
		"row 49: a second value":     `{"tokens":["a"]}{}`,
		"row 49: 1e999":              `{"tokens":[1e999]}`,
		"row 49: comment":            `{"tokens":["a"]/**/}`,
		"row 49: byte order mark":    "\ufeff" + `{"tokens":["a"]}`,
		"row 49: UTF-16":             "{\x00}\x00",
		"row 49: 100k nested arrays": strings.Repeat("[", 100_000),
		"row 49: deep in the member": `{"tokens":` + strings.Repeat("[", 100_000),
		"row 49: lone surrogate":     `{"tokens":["\ud800"]}`,
		"row 49: not UTF-8":          "{\"tokens\":[\"\xff\"]}",
		"an array":                   `["a"]`,
		"nothing":                    ` `,
	} {
		t.Run(name, func(t *testing.T) {
			a := e.do(t, call{path: "/introspect/batch", auth: gatewayBasic, json: body}).wants(t, 400, "invalid_request")
			if got := a.member(t, "error_description"); got != "the body must be a JSON object with one member, tokens: an array of 1 to 100 strings" {
				t.Errorf("said %q", got)
			}
		})
	}
	t.Run("another content type", func(t *testing.T) {
		e.do(t, call{path: "/introspect/batch", auth: gatewayBasic, form: url.Values{"tokens": {"a"}}}).wants(t, 415, "unsupported_media_type")
	})
	t.Run("no client", func(t *testing.T) {
		e.do(t, call{path: "/introspect/batch", json: batchOf("a")}).wants(t, 401, "invalid_client")
	})
}
