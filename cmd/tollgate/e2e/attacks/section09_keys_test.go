//go:build attacks

package attacks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// publicKey is a key of the JWKS.
type publicKey struct {
	KID, Alg   string
	N, E, X, Y string
	text       string // as it stands there
}

func (x *trial) jwks() (all []publicKey, whole []byte) {
	x.Helper()
	whole = x.node.Get("/.well-known/jwks.json").Want(x.T, 200).Body
	var doc struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(whole, &doc); err != nil {
		x.Fatal(err)
	}
	for _, raw := range doc.Keys {
		k := publicKey{text: string(raw)}
		if err := json.Unmarshal(raw, &k); err != nil {
			x.Fatal(err)
		}
		all = append(all, k)
	}
	return all, whole
}

// der is the key as programs keep it; nil of an Ed25519 key, whose bytes are in the JWK as they are.
func (k *publicKey) der() []byte {
	raw := func(s string) []byte {
		b, _ := b64.DecodeString(s)
		return b
	}
	number := func(s string) *big.Int { return new(big.Int).SetBytes(raw(s)) }
	var public any
	var err error
	switch k.Alg {
	case "RS256":
		public = &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}
	case "ES256":
		public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, raw(k.X), raw(k.Y)))
	default:
		return raw(k.X)
	}
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return der
}

func publicKeyAsSecret(x *trial) {
	v := x.victim()
	keys, whole := x.jwks()
	secrets := [][]byte{whole, {}}
	for i := range keys {
		der := keys[i].der()
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		secrets = append(secrets, der, text, bytes.TrimSpace(text), []byte(keys[i].text))
	}
	for _, secret := range secrets {
		for _, header := range []string{`{"alg":"HS256","kid":"%s","typ":"%t"}`, ""} {
			x.neither(v, func(token string) string {
				j := partsOf(token)
				if header != "" {
					j.header = strings.NewReplacer("%s", j.member("kid"), "%t", j.member("typ")).Replace(header)
				}
				input := strings.TrimSuffix(jwt{j.header, j.claims, ""}.String(), ".")
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(input))
				return input + "." + b64.EncodeToString(mac.Sum(nil))
			})
		}
	}
}

func wrongAlgorithm(x *trial) {
	v := x.victim()
	keys, _ := x.jwks()
	var headers []string
	for _, alg := range []string{"PS256", "RS384", "RS512", "ES256", "ES384", "ES256K", "EdDSA", "Ed25519", "HS256", "ECDH-ES"} {
		headers = append(headers, `{"alg":"`+alg+`","kid":"%s","typ":"%t"}`)
	}
	headers = append(headers, `{"alg":"EdDSA","crv":"X25519","kid":"%s","typ":"%t"}`)
	for _, k := range keys {
		if k.Alg != "RS256" {
			headers = append(headers, `{"alg":"RS256","kid":"`+k.KID+`","typ":"%t"}`, `{"alg":"`+k.Alg+`","kid":"`+k.KID+`","typ":"%t"}`)
		}
	}
	x.headers(v, headers...)
	if v.key == nil {
		x.note("PS256 under the server's key: `TestAccess_RefusesEveryHeaderButOurs`")
		return
	}
	x.neither(v, func(token string) string { return v.key.signPSS(partsOf(token).header, partsOf(token).claims) })
	x.neither(v, func(token string) string {
		return v.key.signPSS(strings.Replace(partsOf(token).header, "RS256", "PS256", 1), partsOf(token).claims)
	})
}

func badSignatures(x *trial) {
	v := x.victim()
	spoil := func(change func(sig []byte) []byte) func(token string) string {
		return func(token string) string {
			at := strings.LastIndexByte(token, '.') + 1
			sig, _ := b64.DecodeString(token[at:])
			return token[:at] + b64.EncodeToString(change(sig))
		}
	}
	everywhere := []func(sig []byte) []byte{
		func([]byte) []byte { return nil },
		func(sig []byte) []byte { return make([]byte, len(sig)) },
		func(sig []byte) []byte { return bytes.Repeat([]byte{0xff}, len(sig)) },
		func(sig []byte) []byte { return sig[:len(sig)-1] },
		func(sig []byte) []byte { return append(sig, 0) },
		func(sig []byte) []byte { return append([]byte{0}, sig...) },
		func(sig []byte) []byte { sig[len(sig)/2] ^= 1; return sig },
	}
	for _, change := range everywhere {
		x.neither(v, spoil(change))
	}
	n := elliptic.P256().Params().N.FillBytes(make([]byte, 32))
	zero := make([]byte, 32)
	curve := append(everywhere,
		func(sig []byte) []byte { return append(n[:32:32], sig[32:]...) },
		func(sig []byte) []byte { return append(sig[:32:32], n...) },
		func(sig []byte) []byte { return append(n[:32:32], n...) },
		func(sig []byte) []byte { return append(zero[:32:32], sig[32:]...) },
		func(sig []byte) []byte { return append(sig[:32:32], zero...) },
	)
	for alg, changes := range map[string][]func([]byte) []byte{"ES256": curve, "EdDSA": everywhere} {
		token := x.tokenOf(x.app("signing_alg", alg))
		x.alive(token)
		for _, change := range changes {
			x.noAccess(spoil(change)(token))
		}
	}
}

func remoteKeys(x *trial) {
	v := x.victim()
	attacker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		x.Fatal(err)
	}
	defer attacker.Close()
	var calls atomic.Int64
	go func() {
		for {
			conn, err := attacker.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			conn.Close()
		}
	}()
	at := "http://" + attacker.Addr().String() + "/jwks.json"
	for _, member := range []string{"jku", "x5u"} {
		x.headers(v, `{"alg":"RS256","kid":"%s","typ":"%t","`+member+`":"`+at+`"}`)
		x.neither(v, func(token string) string {
			return strangersKey().sign(`{"alg":"ES256","kid":"mine","typ":"at+jwt","`+member+`":"`+at+`"}`, partsOf(token).claims)
		})
	}
	x.neither(v, func(token string) string {
		return strangersKey().sign(`{"alg":"ES256","kid":"`+at+`","typ":"at+jwt"}`, partsOf(token).claims)
	})
	time.Sleep(100 * time.Millisecond)
	if n := calls.Load(); n != 0 {
		x.Errorf("%d connections to the attacker", n)
	}
	x.note("0 connections")
}

func embeddedKeys(x *trial) {
	v := x.victim()
	public := strangersKey().private.Public().(*ecdsa.PublicKey)
	point, err := public.Bytes()
	if err != nil {
		x.Fatal(err)
	}
	jwk := fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:]))
	for _, header := range []string{`{"alg":"ES256","typ":"at+jwt","x5c":["MIIB"]}`, `{"alg":"ES256","typ":"at+jwt","jwk":` + jwk + `}`, `{"alg":"ES256","kid":"%s","typ":"at+jwt","jwk":` + jwk + `}`} {
		x.neither(v, func(token string) string {
			j := partsOf(token)
			return strangersKey().sign(strings.ReplaceAll(header, "%s", j.member("kid")), j.claims)
		})
	}
	x.headers(v, `{"alg":"RS256","kid":"%s","typ":"%t","x5c":["MII="]}`)
}

func badKids(x *trial) {
	v := x.victim()
	x.headers(v, `{"alg":"RS256","kid":"../../dev/null","typ":"%t"}`, `{"alg":"RS256","kid":"' OR 1=1","typ":"%t"}`, `{"alg":"RS256","kid":"key:*","typ":"%t"}`,
		`{"alg":"RS256","kid":"\u0000","typ":"%t"}`, `{"alg":"RS256","kid":"%s\u0000","typ":"%t"}`, `{"alg":"RS256","kid":["%s"],"typ":"%t"}`, `{"alg":"RS256","kid":7,"typ":"%t"}`,
		`{"alg":"RS256","kid":{"a":"%s"},"typ":"%t"}`, `{"alg":"RS256","kid":"","typ":"%t"}`, `{"alg":"RS256","kid":"`+strings.Repeat("k", 7<<10)+`","typ":"%t"}`)
	huge := jwt{`{"alg":"RS256","kid":"` + strings.Repeat("k", 1<<20) + `","typ":"at+jwt"}`, partsOf(v.access).claims, "AA"}.String()
	x.tooLarge(x.raw(fmt.Sprintf("POST /introspect HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\ntoken=%s", x.address(), formType, len(huge)+6, huge)))
	if a := x.raw(fmt.Sprintf("GET /validate HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", x.address(), huge)); a.Status != 0 && a.Status != 431 || !a.closed {
		x.Errorf("answered %d, closed %v, want 431 and closed", a.Status, a.closed)
	}
}

func foreignKeys(x *trial) {
	v := x.victim()
	other := e2e.StartDev(x.T)
	theirs := e2e.NewBrowser(e2e.DemoUser, e2e.DemoPassword).Login(x.T, other, e2e.DemoWeb)
	x.noAccess(theirs.Access)
	x.noHint(v, theirs.ID)
	for _, kid := range []string{b64.EncodeToString(make([]byte, 32)), partsOf(theirs.Access).member("kid")} {
		x.neither(v, func(token string) string {
			return strangersKey().sign(`{"alg":"ES256","kid":"`+kid+`","typ":"`+partsOf(token).member("typ")+`"}`, partsOf(token).claims)
		})
	}
	x.headers(v, `{"alg":"RS256","typ":"%t"}`)
	if v.key == nil { // a key that is published and does not sign
		return
	}
	x.neither(v, func(token string) string { // a header of ours over a stranger's signature
		return strangersKey().sign(partsOf(token).header, partsOf(token).claims)
	})
}

func noSymmetricKeys(x *trial) {
	for _, alg := range []string{"HS256", "none", "HS512", "RS512", "PS256"} {
		x.bad(x.saw(x.node.Admin("POST", "/keys/rotate", map[string]any{"alg": alg})), "invalid_request")
		x.bad(x.saw(x.node.Admin("POST", "/clients", map[string]any{"client_id": "hs", "grant_types": []string{}, "signing_alg": alg})), "invalid_request")
	}
}
