package main

import (
	"os"
	"os/exec"
	"strings"
	"text/template"

	"tollgate/flows"
)

// devLines is what dev prints once it serves: a shell script, so that every line of it can be pasted.
func devLines(s *serving, adminToken string) string {
	var out strings.Builder
	err := devTemplate.Execute(&out, map[string]any{
		"Issuer":     s.config.Issuer,
		"URL":        "http://" + s.public.Addr().String(),
		"Ops":        "http://" + s.ops.Addr().String(),
		"Store":      s.store.Name(),
		"Alg":        s.config.Tokens.SigningAlg,
		"User":       flows.DemoUser,
		"Password":   flows.DemoPassword,
		"AdminToken": adminToken,
		"Tollgate":   ownName(),
	})
	if err != nil {
		return "# " + err.Error() + "\n" // a fixed template on fixed fields: a test would have told
	}
	return out.String()
}

// devTemplate takes JSON apart with sed, because that is everywhere.
var devTemplate = template.Must(template.New("dev").Parse(`
# Tollgate is serving at {{.Issuer}}   (ops {{.Ops}}, store {{.Store}}, {{.Alg}})
#
#   service   demo-service / demo-service-secret   client_credentials; orders:read orders:write
#   gateway   demo-gateway / demo-gateway-secret   may introspect any token
#   web app   demo-web / demo-web-secret           code + PKCE, refresh; http://127.0.0.1:8085/callback
#   app       demo-spa, no secret                  the same; any loopback port
#   user      {{.User}} / {{.Password}}
#   admin     bearer {{.AdminToken}}               /admin/v1 on the ops listener
#
# Paste these into another terminal, in this order.

# 1. A token for a service
TOKEN=$(curl -s -u demo-service:demo-service-secret -d grant_type=client_credentials {{.URL}}/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/'); echo "$TOKEN"

# 2. What a gateway asks for every request: may it pass?
curl -si -H "Authorization: Bearer $TOKEN" '{{.URL}}/validate?scope=orders:read'

# 3. What the token says
curl -s -u demo-gateway:demo-gateway-secret -d "token=$TOKEN" {{.URL}}/introspect; echo

# 4. Revoke it; the next question is answered 401
curl -si -u demo-service:demo-service-secret -d "token=$TOKEN" {{.URL}}/revoke
curl -si -H "Authorization: Bearer $TOKEN" {{.URL}}/validate

# 5. Sign in as {{.User}}: authorization code + PKCE. In your own browser, it is
#      {{.Tollgate}} flow authorization-code --issuer {{.Issuer}}
TOKENS=$(echo {{.Password}} | {{.Tollgate}} flow authorization-code --issuer {{.Issuer}} --login {{.User}} --output json); echo "$TOKENS"
ACCESS=$(echo "$TOKENS" | sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p'); REFRESH=$(echo "$TOKENS" | sed -n 's/.*"refresh_token": *"\([^"]*\)".*/\1/p')

# 6. Who signed in
curl -s -H "Authorization: Bearer $ACCESS" {{.URL}}/userinfo; echo

# 7. Refresh: a new access token and the next refresh token
curl -s -d grant_type=refresh_token -d client_id=demo-spa -d "refresh_token=$REFRESH" {{.URL}}/token; echo

# 8. What clients and gateways discover
curl -s {{.URL}}/.well-known/openid-configuration; echo
curl -s {{.URL}}/.well-known/jwks.json; echo

# 9. For operators
curl -s {{.Ops}}/healthz; echo
curl -s {{.Ops}}/metrics | grep ^tollgate_tokens_issued_total
curl -s -H 'Authorization: Bearer {{.AdminToken}}' {{.Ops}}/admin/v1/clients; echo

`))

// ownName is how a shell starts this very binary, from any folder.
func ownName() string {
	own, err := os.Executable()
	if err != nil {
		return "tollgate"
	}
	if found, err := exec.LookPath("tollgate"); err == nil && sameFile(found, own) {
		return "tollgate"
	}
	if strings.ContainsAny(own, " '\"$`\\()&;*?[]<>|#~!") {
		return "'" + strings.ReplaceAll(own, "'", `'\''`) + "'"
	}
	return own
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
