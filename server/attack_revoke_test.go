package server

import (
	"net/url"
	"testing"
)

func (e *edge) active(t *testing.T, tok string) bool {
	t.Helper()
	return e.do(t, call{path: "/introspect", auth: gatewayBasic, form: url.Values{"token": {tok}}}).wants(t, 200, "").body != inactive
}

func TestRevoke_AnswersWithSuccessAndNothingElse(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	for name, form := range map[string]url.Values{
		"row 217: garbage":    {"token": {"garbage"}},
		"row 221: wrong hint": {"token": {tok}, "token_type_hint": {"refresh_token"}},
		"row 217: once more":  {"token": {tok}},
	} {
		t.Run(name, func(t *testing.T) {
			if a := e.do(t, call{path: "/revoke", auth: serviceBasic, form: form}).wants(t, 200, ""); a.body != "" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("body %q, headers %v", a.body, a.header)
			}
		})
	}
	if e.active(t, tok) {
		t.Error("row 224: the token is still active")
	}
	if a := e.do(t, call{method: "GET", path: "/validate", auth: "Bearer " + tok}); a.status != 401 {
		t.Errorf("row 227: /validate answers %d on the same node's next request", a.status)
	}
}

func TestRevoke_OnlyTheOwnerMay(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	for name, c := range map[string]struct {
		call   call
		status int
		code   string
	}{
		"row 218: no token":        {call{auth: serviceBasic, form: url.Values{}}, 400, "invalid_request"},
		"row 218: token twice":     {call{auth: serviceBasic, form: url.Values{"token": {"a", "b"}}}, 400, "invalid_request"},
		"row 219: unauthenticated": {call{form: url.Values{"token": {tok}, "client_id": {"demo-service"}}}, 401, "invalid_client"},
		"row 219: wrong secret":    {call{auth: basic("demo-service:" + canary), form: url.Values{"token": {tok}}}, 401, "invalid_client"},
		"another client":           {call{auth: gatewayBasic, form: url.Values{"token": {tok}}}, 400, "unauthorized_client"},
		"row 228: GET":             {call{method: "GET", auth: serviceBasic}, 405, "method_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			c.call.path = "/revoke"
			e.do(t, c.call).wants(t, c.status, c.code)
		})
	}
	if !e.active(t, tok) {
		t.Error("somebody else ended the token")
	}
}

func TestRevoke_FailureIsNeverASuccess(t *testing.T) {
	e := newEdge(t)
	tok := e.serviceToken(t)
	t.Run("row 222: store away", func(t *testing.T) {
		e.outage(t, call{path: "/revoke", auth: serviceBasic, form: url.Values{"token": {tok}}}).wants(t, 503, "temporarily_unavailable")
	})
	if !e.active(t, tok) {
		t.Error("row 222: the token ended although the answer was 503")
	}
}
