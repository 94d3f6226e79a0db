//go:build attacks

package attacks

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

var metadataRows = []*row{
	{id: 307, sent: "metadata under another Host, with `X-Forwarded-*`", want: "the same bytes", try: metadataOfAnyHost},
	{id: 308, sent: "well-known paths with more behind them, a slash, in capitals", want: "404", try: metadataPaths},
	{id: 309, sent: "POST, PUT, DELETE, PATCH", want: "405, `Allow`", try: metadataMethods},
	{id: 311, sent: "a look at the JWKS", want: "no private member, no symmetric key", try: jwksIsPublic},
	{id: 312, sent: "the JWKS of every node", want: "unique kids, `alg`, `use`; the same everywhere", try: jwksIsTheSame},
	{id: 313, sent: "rotations, announced and at once, under load", want: "no good token refused; the new key is published before it signs", try: rotation},
	{id: 314, sent: "tokens of a key that was revoked", want: "refused by every node within a second", try: keyRevoked},
	{id: 316, sent: "10,000 requests for both documents", want: "from memory; 304 for who has them", try: metadataFlood},
	{id: 317, sent: "a look at the id_token", want: "at_hash, nonce, auth_time, one audience, alg of the key", try: idTokenClaims},
}

var documents = []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"}

func metadataOfAnyHost(x *trial) {
	for _, path := range documents {
		want := x.get(path)
		x.good(want)
		for _, host := range []string{"evil.example", "evil.example:443", "127.0.0.1"} {
			for _, lines := range []string{"", "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /evil\r\nX-Forwarded-Port: 443\r\n", "Forwarded: host=evil.example;proto=https\r\n"} {
				a := x.raw("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + lines + "\r\n")
				if !bytes.Equal(a.Body, want.Body) || a.Header.Get("ETag") != want.Header.Get("ETag") {
					x.Errorf("%s as %s: %.200s", path, host, a.Body)
				}
			}
		}
	}
}

func metadataPaths(x *trial) {
	for _, path := range documents {
		for _, other := range []string{path + "/", path + "/tenant", strings.ToUpper(path), strings.Replace(path, ".well-known", ".Well-Known", 1), path + ".json", path + "%20", "/x" + path, strings.Replace(path, "known/", "known//", 1)} {
			x.status(x.get(other), 404)
		}
	}
	x.status(x.get("/.well-known/"), 404)
	x.status(x.get("/.well-known/webfinger?resource=acct:alice@x"), 404)
}

func metadataMethods(x *trial) {
	for _, path := range documents {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			if a := x.ask(x.request(method, path, "")); a.Status != 405 || a.Header.Get("Allow") != "GET, HEAD" {
				x.Errorf("%s %s: %d, Allow %q", method, path, a.Status, a.Header.Get("Allow"))
			}
		}
	}
}

func jwksIsPublic(x *trial) {
	for _, n := range x.nodes() {
		a := x.saw(n.Get("/.well-known/jwks.json"))
		x.good(a)
		var doc struct{ Keys []map[string]any }
		if err := json.Unmarshal(a.Body, &doc); err != nil || len(doc.Keys) == 0 {
			x.Fatalf("%s: %v", a.Body, err)
		}
		public := []string{"alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"}
		for _, key := range doc.Keys {
			for member := range key {
				if !slices.Contains(public, member) {
					x.Errorf("a key publishes %q", member)
				}
			}
			if key["kty"] == "oct" {
				x.Error("a symmetric key")
			}
		}
	}
}

func jwksIsTheSame(x *trial) {
	keys, whole := x.jwks()
	kids := map[string]bool{}
	for _, k := range keys {
		if kids[k.KID] || k.KID == "" || k.Alg == "" || !strings.Contains(k.text, `"use":"sig"`) {
			x.Errorf("key %s", k.text)
		}
		kids[k.KID] = true
	}
	for _, n := range x.nodes() {
		if a := x.saw(n.Get("/.well-known/jwks.json")); !bytes.Equal(a.Body, whole) {
			x.Errorf("%s publishes %s", n, a.Body)
		}
	}
}

// kids are those that a node publishes.
func kids(n *e2e.Node) (all []string) {
	var doc struct{ Keys []struct{ KID string } }
	json.Unmarshal(n.Get("/.well-known/jwks.json").Body, &doc)
	for _, k := range doc.Keys {
		all = append(all, k.KID)
	}
	return all
}

func rotation(x *trial) {
	x.moveOut()
	x.withPeer()
	var mu sync.Mutex
	var tokens []string
	done := make(chan struct{})
	var load sync.WaitGroup
	load.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			token := x.node.ClientCredentials(x.service).Access
			for _, n := range x.nodes() {
				if a := n.Validate(token, ""); a.Status != 200 {
					x.Errorf("a fresh token is answered %d by %s", a.Status, n)
					return
				}
			}
			mu.Lock()
			tokens = append(tokens, token)
			mu.Unlock()
		}
	})
	first := partsOf(x.token).member("kid")
	x.saw(x.node.Admin("POST", "/keys/rotate", map[string]any{"alg": "RS256"}).Want(x.T, 204))
	time.Sleep(1500 * time.Millisecond)
	if token := x.tokenOf(x.service); partsOf(token).member("kid") != first {
		x.Error("a new key signs before it was published for long enough")
	}
	published := kids(x.node)
	for _, n := range x.nodes() {
		if all := kids(n); len(all) != len(published) {
			x.Errorf("%s publishes %d keys, not %d", n, len(all), len(published))
		}
	}
	for range 2 {
		x.saw(x.node.Admin("POST", "/keys/rotate", map[string]any{"alg": "RS256", "at_once": true}).Want(x.T, 204))
		time.Sleep(300 * time.Millisecond)
	}
	close(done)
	load.Wait()
	signed := map[string]bool{}
	for _, token := range tokens {
		signed[partsOf(token).member("kid")] = true
		for _, n := range x.nodes() {
			if a := n.Validate(token, ""); a.Status != 200 {
				x.Fatalf("a token of before is answered %d by %s", a.Status, n)
			}
		}
	}
	if len(signed) < 2 || !slices.Contains(kids(x.node), first) {
		x.Errorf("%d keys have signed; the first is published: %v", len(signed), slices.Contains(kids(x.node), first))
	}
	x.note("every token taken by every node, under each of the keys")
}

func keyRevoked(x *trial) {
	x.moveOut()
	x.withPeer()
	user := x.alice("")
	kid := partsOf(x.token).member("kid")
	x.alive(x.token)
	x.saw(x.node.Admin("POST", "/keys/"+kid+"/revoke", nil).Want(x.T, 204))
	told := time.Now()
	for _, token := range []string{x.token, user.Access} {
		for _, n := range x.nodes() {
			for n.Validate(token, "").Status == 200 || n.Introspect(x.gateway, token).Active() {
				if time.Since(told) > time.Second {
					x.Fatalf("%s accepts it after a second", n)
				}
			}
			x.challenged(x.saw(n.Validate(token, "")), 401, "invalid_token")
			x.inactive(x.saw(n.Introspect(x.gateway, token)))
			x.challenged(x.saw(n.Userinfo(token)), 401, "invalid_token")
		}
	}
	x.noHint(&victim{visitor: x.visitor().signIn(e2e.DemoUser, e2e.DemoPassword)}, user.ID)
	for _, n := range x.nodes() {
		if slices.Contains(kids(n), kid) {
			x.Errorf("%s still publishes it", n)
		}
	}
	x.resume()
	x.alive(x.token)
}

func metadataFlood(x *trial) {
	const each = 2500
	var before map[string]int
	if x.store != "memory" {
		before = x.commands()
	}
	together(4, func(i int) {
		path := documents[i%len(documents)]
		etag := x.node.Get(path).Header.Get("ETag")
		for j := range each {
			r := x.request("GET", path, "")
			want := 200
			if j%2 == 1 {
				r.Header.Set("If-None-Match", etag)
				want = 304
			}
			if a := e2e.Do(r); a.Status != want || a.Header.Get("ETag") != etag || !strings.HasPrefix(a.Header.Get("Cache-Control"), "public, max-age=") {
				x.Errorf("%s: %d %v", path, a.Status, a.Header)
				return
			}
		}
	})
	if x.store != "memory" {
		if ran, which := x.ran(before); ran > idleCommands {
			x.Errorf("%d commands of Redis:%s", ran, which)
		}
	}
	x.note("%d answers, Redis not asked", 4*each)
}

func idTokenClaims(x *trial) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		app := x.node.AddApp(x.T, map[string]any{"client_id": "id-" + e2e.Random()[:12], "scope": "openid", "grant_types": []string{"authorization_code"}, "redirect_uris": []string{"http://127.0.0.1:8085/callback"}, "signing_alg": alg})
		asked := x.node.Ask(app)
		code, err := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Code(x.node, app, asked)
		if err != nil {
			x.Fatal(err)
		}
		tokens := x.node.Exchange(app, code, asked.Verifier).Want(x.T, 200)
		x.saw(tokens.Answer)
		claims := claimsOf(tokens.ID)
		sum := sha256.Sum256([]byte(tokens.Access))
		if hash := b64.EncodeToString(sum[:16]); claims["at_hash"] != hash && alg != "EdDSA" {
			x.Errorf("at_hash %v, want %s", claims["at_hash"], hash)
		}
		if azp, there := claims["azp"]; there && azp != app.ID {
			x.Errorf("azp %v", azp)
		}
		if claims["nonce"] != asked.Nonce || claims["aud"] != app.ID || claims["iss"] != x.node.Issuer || partsOf(tokens.ID).member("alg") != alg {
			x.Errorf("claims %v under %s", claims, partsOf(tokens.ID).header)
		}
		if at, _ := claims["auth_time"].(float64); time.Since(time.Unix(int64(at), 0)) > time.Minute {
			x.Errorf("auth_time %v", claims["auth_time"])
		}
		if fmt.Sprint(claims["at_hash"]) == "<nil>" {
			x.Error("no at_hash")
		}
	}
}
