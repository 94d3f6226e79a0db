package bench

import (
	"fmt"
	"net/url"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store/memstore"
)

func BenchmarkToken_ClientCredentials(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		i.hammer(b, 200, "access_token", tokenRequest("grant_type=client_credentials"))
	})
	for _, alg := range []oauth.Alg{oauth.RS256, oauth.ES256} {
		b.Run("memory-"+string(alg), func(b *testing.B) {
			i := newIssuer(b, memstore.New(memstore.Options{}), alg)
			i.hammer(b, 200, "access_token", tokenRequest("grant_type=client_credentials"))
		})
	}
}

func BenchmarkToken_WrongSecret(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		i.hammer(b, 401, "invalid_client", []byte("POST /token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ZGVtby1zZXJ2aWNlOndyb25n\r\n"+
			"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 29\r\n\r\ngrant_type=client_credentials"))
	})
}

// Each connection rotates the tokens of one family at a time.
func BenchmarkToken_Refresh(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		idle := make(chan string, 256)
		for _, tok := range i.refresh(cap(idle), oauth.Scope{oauth.ScopeOfflineAccess, "orders:read"}) {
			idle <- tok
		}
		i.each(b, func(c *conn) error {
			tok := <-idle
			status, body, err := c.send(refreshRequest(tok))
			if err != nil || status != 200 {
				return fmt.Errorf("%d %s %v", status, body, err)
			}
			idle <- member(body, "refresh_token")
			return nil
		})
	})
}

func BenchmarkRevoke(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		i.hammer(b, 200, "", all(func(tok string) []byte { return post("/revoke", "demo-service", "token="+tok) }, i.access(b.N))...)
	})
}

func BenchmarkUserinfo(b *testing.B) {
	onEach(b, func(b *testing.B, i *issuer) {
		c := i.dial()
		defer c.Close()
		tok := member(c.must(b, refreshRequest(i.refresh(1, oauth.Scope{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeOfflineAccess})[0])), "access_token")
		i.hammer(b, 200, "preferred_username", []byte("GET /userinfo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+tok+"\r\n\r\n"))
	})
}

func BenchmarkDocuments(b *testing.B) {
	i := newIssuer(b, memstore.New(memstore.Options{}), oauth.EdDSA)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json", "/readyz"} {
		b.Run(path[1:], func(b *testing.B) { i.hammer(b, 200, "", []byte("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")) })
	}
}

func refreshRequest(tok string) []byte {
	return post("/token", "demo-web", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tok}}.Encode())
}
