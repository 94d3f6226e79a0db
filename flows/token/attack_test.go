package token

import (
	"bytes"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
)

// refused demands that a token is refused as an access token and as a hint, and says how.
func refused(t *testing.T, f *fixture, tok string) {
	t.Helper()
	if _, err := f.v.Access([]byte(tok)); !errors.Is(err, ErrInvalid) {
		t.Errorf("as access token: %v, want ErrInvalid for %.120s", err, tok)
	}
	if _, err := f.v.IDHint([]byte(tok)); !errors.Is(err, ErrInvalid) {
		t.Errorf("as id_token_hint: %v, want ErrInvalid for %.120s", err, tok)
	}
}

func TestAccess_RefusesEveryHeaderButOurs(t *testing.T) {
	f := newFixture(t)
	payload := claimsOf(t, f.mint(t, oauth.RS256, good()))
	kid := f.set.Active(oauth.RS256).KID
	ecKid := f.set.Active(oauth.ES256).KID
	long := strings.Repeat("k", 1<<20)
	rows := map[string][]string{
		"row 276: alg none and its spellings": {
			`{"alg":"none","kid":"%s","typ":"at+jwt"}`, `{"alg":"None","kid":"%s","typ":"at+jwt"}`,
			`{"alg":"nOnE","kid":"%s","typ":"at+jwt"}`, `{"alg":"","kid":"%s","typ":"at+jwt"}`,
			`{"kid":"%s","typ":"at+jwt"}`, `{"alg":["RS256"],"kid":"%s","typ":"at+jwt"}`, `{"alg":1,"kid":"%s","typ":"at+jwt"}`,
		},
		"row 278: another algorithm for the key": {
			`{"alg":"PS256","kid":"%s","typ":"at+jwt"}`, `{"alg":"RS384","kid":"%s","typ":"at+jwt"}`, `{"alg":"ES384","kid":"%s","typ":"at+jwt"}`,
		},
		"row 281: jku and x5u": {
			`{"alg":"RS256","kid":"%s","typ":"at+jwt","jku":"http://127.0.0.1:1/jwks"}`, `{"alg":"RS256","kid":"%s","typ":"at+jwt","x5u":"http://127.0.0.1:1/x"}`,
		},
		"row 282: x5c": {`{"alg":"RS256","kid":"%s","typ":"at+jwt","x5c":["MII="]}`},
		"row 283: kids of every kind": {
			`{"alg":"RS256","kid":"../../dev/null","typ":"at+jwt"}`, `{"alg":"RS256","kid":"' OR 1=1","typ":"at+jwt"}`,
			`{"alg":"RS256","kid":"key:*","typ":"at+jwt"}`, `{"alg":"RS256","kid":"\u0000","typ":"at+jwt"}`,
			`{"alg":"RS256","kid":["%s"],"typ":"at+jwt"}`, `{"alg":"RS256","kid":7,"typ":"at+jwt"}`, `{"alg":"RS256","typ":"at+jwt"}`,
			`{"alg":"RS256","kid":"` + long + `","typ":"at+jwt"}`,
		},
		"row 286: crit": {
			`{"alg":"RS256","kid":"%s","typ":"at+jwt","crit":["foo"],"foo":1}`, `{"alg":"RS256","kid":"%s","typ":"at+jwt","crit":[]}`,
			`{"alg":"RS256","kid":"%s","typ":"at+jwt","crit":["absent"]}`,
		},
		"row 287: b64": {`{"alg":"RS256","kid":"%s","typ":"at+jwt","b64":false,"crit":["b64"]}`},
		"row 293: alg twice": {
			`{"alg":"none","alg":"RS256","kid":"%s","typ":"at+jwt"}`, `{"alg":"RS256","alg":"none","kid":"%s","typ":"at+jwt"}`,
		},
		"other spellings of a good header": {
			`{ "alg":"RS256","kid":"%s","typ":"at+jwt"}`, `{"kid":"%s","alg":"RS256","typ":"at+jwt"}`,
			`{"alg":"RS256","kid":"%s","typ":"AT+JWT"}`, `{"alg":"RS256","kid":"%s","typ":"application/at+jwt"}`, `{"alg":"RS256","kid":"%s"}`,
		},
	}
	for name, headers := range rows {
		t.Run(name, func(t *testing.T) {
			for _, h := range headers {
				h = strings.ReplaceAll(h, "%s", kid)
				refused(t, f, f.forge(t, oauth.RS256, b64.EncodeToString([]byte(h)), payload))
			}
		})
	}
	t.Run("row 278: a key's algorithm with another key's id", func(t *testing.T) {
		h := b64.EncodeToString([]byte(`{"alg":"RS256","kid":"` + ecKid + `","typ":"at+jwt"}`))
		if _, err := f.v.Access([]byte(f.forge(t, oauth.RS256, h, payload))); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("error %v: no key has that header", err)
		}
	})
	t.Run("row 278: a header of ours over another key's signature", func(t *testing.T) {
		for _, alg := range oauth.Algs() {
			for _, other := range oauth.Algs() {
				if alg != other {
					refused(t, f, f.forge(t, other, f.set.Active(alg).AccessHeader, payload))
				}
			}
		}
	})
	t.Run("row 284: a key of another issuer", func(t *testing.T) {
		k, err := keys.Generate(oauth.EdDSA)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := MintAccess(k, good())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.v.Access([]byte(tok)); !errors.Is(err, ErrUnknownKey) {
			t.Errorf("error %v, want ErrUnknownKey, worth one refresh", err)
		}
	})
	t.Run("row 292: a deep header is refused at once", func(t *testing.T) {
		for _, depth := range []int{1000, 20_000, 1_000_000} {
			h := b64.EncodeToString([]byte(strings.Repeat(`{"a":`, depth)))
			tok := []byte(f.forge(t, oauth.EdDSA, h, payload))
			fastest := time.Hour // a busy machine holds up one or the other
			for range 5 {
				start := time.Now()
				if _, err := f.v.Access(tok); !errors.Is(err, ErrInvalid) {
					t.Errorf("depth %d: %v", depth, err)
				}
				fastest = min(fastest, time.Since(start))
			}
			if fastest > 5*time.Millisecond {
				t.Errorf("depth %d: refused after %v", depth, fastest)
			}
		}
	})
}

func TestAccess_RefusesPublicKeysUsedAsSecrets(t *testing.T) {
	f := newFixture(t)
	payload := b64.EncodeToString([]byte(claimsOf(t, f.mint(t, oauth.RS256, good()))))
	doc, _ := f.set.JWKS()
	for _, alg := range []oauth.Alg{oauth.RS256, oauth.ES256} {
		k := f.set.Active(alg)
		der, err := x509.MarshalPKIXPublicKey(k.Public)
		if err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		for name, secret := range map[string][]byte{"DER": der, "PEM": text, "JWKS": doc} {
			t.Run(fmt.Sprintf("row 277: %s's public key as HMAC secret, %s", alg, name), func(t *testing.T) {
				for _, header := range []string{
					b64.EncodeToString([]byte(`{"alg":"HS256","kid":"` + k.KID + `","typ":"at+jwt"}`)),
					k.AccessHeader,
				} {
					m := hmac.New(sha256.New, secret)
					m.Write([]byte(header + "." + payload))
					refused(t, f, header+"."+payload+"."+b64.EncodeToString(m.Sum(nil)))
				}
			})
		}
	}
}

func TestAccess_RefusesEverySignatureButTheRightOne(t *testing.T) {
	f := newFixture(t)
	for _, alg := range oauth.Algs() {
		tok := f.mint(t, alg, good())
		input, sig := tok[:strings.LastIndexByte(tok, '.')], octets(t, tok[strings.LastIndexByte(tok, '.')+1:])
		with := func(sig []byte) string { return input + "." + b64.EncodeToString(sig) }
		t.Run("row 279: "+string(alg), func(t *testing.T) {
			refused(t, f, input+".")
			refused(t, f, input)
			refused(t, f, with(make([]byte, len(sig))))
			refused(t, f, with(bytes.Repeat([]byte{0xff}, len(sig))))
			refused(t, f, with(sig[:len(sig)-1]))
			refused(t, f, with(append(bytes.Clone(sig), 0)))
			refused(t, f, with(append([]byte{0}, sig...)))
		})
		t.Run("row 288: set padding bits, "+string(alg), func(t *testing.T) {
			last := tok[len(tok)-1]
			for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
				if byte(c) != last {
					refused(t, f, tok[:len(tok)-1]+string(c))
				}
			}
		})
	}
	n := elliptic.P256().Params().N
	tok := f.mint(t, oauth.ES256, good())
	dot := strings.LastIndexByte(tok, '.')
	sig := octets(t, tok[dot+1:])
	rs := func(r, s *big.Int) string {
		return tok[:dot+1] + b64.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	t.Run("row 279: r or s is zero or the order of the curve", func(t *testing.T) {
		zero := new(big.Int)
		for _, pair := range [][2]*big.Int{{n, s}, {r, n}, {n, n}, {zero, s}, {r, zero}} {
			refused(t, f, rs(pair[0], pair[1]))
		}
	})
	t.Run("row 291: the other spelling of an ECDSA signature is the same token", func(t *testing.T) {
		a, err := f.v.Access([]byte(rs(r, new(big.Int).Sub(n, s))))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := f.v.Access([]byte(tok)); err != nil || a.ID != b.ID {
			t.Errorf("two identities, %v", err)
		}
	})
}

func TestAccess_RefusesByShapeAndSize(t *testing.T) {
	f := newFixture(t)
	tok := f.mint(t, oauth.EdDSA, good())
	parts := strings.Split(tok, ".")
	t.Run("row 289: CR, LF and other bytes anywhere", func(t *testing.T) {
		for _, c := range []string{"\n", "\r", "\r\n", "\x00", " ", "\t", "=", "+", "/", "%", "\xff", "é"} {
			for _, at := range []int{0, 1, len(parts[0]), len(parts[0]) + 1, len(tok) / 2, len(tok) - 1, len(tok)} {
				refused(t, f, tok[:at]+c+tok[at:])
			}
		}
	})
	t.Run("not two dots", func(t *testing.T) {
		for _, s := range []string{"", ".", "..", "...", tok + ".", "." + tok, tok + "." + parts[2], parts[0] + "." + parts[1], parts[0], parts[0] + ".." + parts[2]} {
			refused(t, f, s)
		}
	})
	t.Run("row 259: larger than the limit", func(t *testing.T) {
		refused(t, f, parts[0]+"."+strings.Repeat("A", 1<<20)+"."+parts[2])
		refused(t, f, parts[0]+"."+strings.Repeat("A", MaxSize)+"."+parts[2])
	})
}

func TestAccess_ReadsClaimsStrictly(t *testing.T) {
	f := newFixture(t)
	base := claimsOf(t, f.mint(t, oauth.EdDSA, good()))
	member := func(name string) string { // `"exp":123` as it stands in base
		from := strings.Index(base, `"`+name+`":`)
		return base[from : from+strings.IndexAny(base[from:], ",}")]
	}
	set := func(name string, value string) string {
		return strings.Replace(base, member(name), `"`+name+`":`+value, 1)
	}
	drop := func(name string) string {
		return strings.Replace(strings.Replace(base, member(name)+",", "", 1), ","+member(name), "", 1)
	}
	add := func(members string) string { return base[:len(base)-1] + "," + members + "}" }
	now := testNow.Unix()
	rows := map[string][]string{
		"row 294: a claim twice": {
			add(member("exp")), add(`"exp":9999999999`), add(`"sub":"usr_bob"`), add(`"foo":1,"foo":1`), add(`"\u0065xp":9999999999`),
		},
		"row 297: a claim missing": {
			drop("exp"), drop("iat"), drop("jti"), drop("sub"), drop("client_id"), drop("aud"), drop("iss"), `{}`,
		},
		"row 298: exp is zero": {set("exp", "0")},
		"row 299: exp is no time of ours": {
			set("exp", "9000000000000000000"), set("exp", "9223372036854775807"), set("exp", "9223372036854775808"), set("exp", "1e300"), set("exp", "-1"),
			set("exp", `"9999999999"`), set("exp", "1.5"), set("exp", "null"), set("exp", "true"), set("exp", "[]"), set("exp", "{}"),
			set("exp", fmt.Sprint(now+24*3600+1)), set("exp", fmt.Sprintf("%d.0", now+60)), set("exp", fmt.Sprintf("%de0", now+60)), set("exp", "01"),
		},
		"row 301: another issuer": {
			set("iss", `"`+testIssuer+`/"`), set("iss", `"https://ISSUER.example"`), set("iss", `"http://issuer.example"`),
			set("iss", `["`+testIssuer+`"]`), set("iss", "null"), set("iss", `""`), set("iss", "1"),
		},
		"row 302: an audience that is not one string": {
			set("aud", `["`+testIssuer+`/resources"]`), set("aud", `["`+testIssuer+`/resources","other"]`), set("aud", "[]"), set("aud", `[""]`),
			set("aud", `""`), set("aud", "{}"), set("aud", "1"), set("aud", "null"),
		},
		"row 303: a subject that is none": {
			set("sub", `""`), set("sub", "1"), set("sub", "null"), set("sub", `"admin\u0000"`), set("sub", `"a\r\nX-Auth-Subject: b"`), set("sub", `"\ud800"`), set("sub", "\"\xff\""), set("sub", "\"a\x01\""),
		},
		"row 304: times that cannot be": {
			set("iat", fmt.Sprint(now+3600)), set("iat", "0"), set("iat", "-1"), set("iat", "1e9"), set("exp", fmt.Sprint(now)), set("exp", fmt.Sprint(now-1)),
			add(fmt.Sprintf(`"nbf":%d`, now+60)), add(`"nbf":9223372036854775807`), add(`"nbf":"x"`),
			set("iat", "9223372036854775806"), set("iat", fmt.Sprint(now-1)), // disagrees with jti
		},
		"a jti that is no token id": {
			set("jti", `"x"`), set("jti", `""`), set("jti", "1"), set("jti", `"`+strings.Repeat("A", 43)+`="`), set("jti", `"`+strings.Repeat("A", 42)+`B"`),
		},
		"types of the rest": {set("scope", "1"), set("scope", `["openid"]`), set("scope", `"a\nb"`), set("sid", "{}"), set("client_id", "[]")},
		"not one object":    {"", "null", "[]", `"x"`, "1", base + "{}", base + " x", base[:len(base)-1], base[:len(base)-1] + ",}", "\ufeff" + base},
	}
	for name, payloads := range rows {
		t.Run(name, func(t *testing.T) {
			for _, p := range payloads {
				if p == base {
					t.Fatalf("the case changes nothing")
				}
				for _, alg := range oauth.Algs() {
					tok := f.forge(t, alg, f.set.Active(alg).AccessHeader, p)
					if _, err := f.v.Access([]byte(tok)); !errors.Is(err, ErrInvalid) {
						t.Errorf("%s: %v for %s", alg, err, p)
					}
				}
			}
		})
	}
	same := map[string][]string{
		"row 296: a homoglyph is another claim": {add(`"ſub":"usr_bob"`), add(`"Sub":"usr_bob"`), add(`"EXP":1`), add(`"Aud":"x"`)},
		"unknown claims are ignored":            {add(`"foo":{"exp":[1,{"a":null}]}`), add(`"nbf":0`), " \n" + base + "\t"},
	}
	for name, payloads := range same {
		t.Run(name, func(t *testing.T) {
			want, err := f.v.Access([]byte(f.forge(t, oauth.EdDSA, f.set.Active(oauth.EdDSA).AccessHeader, base)))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range payloads {
				got, err := f.v.Access([]byte(f.forge(t, oauth.EdDSA, f.set.Active(oauth.EdDSA).AccessHeader, p)))
				if err != nil || *got != *want {
					t.Errorf("%v, %+v for %s", err, got, p)
				}
			}
		})
	}
}

func TestAccess_WithoutKeysNobodyKnows(t *testing.T) {
	f := newFixture(t)
	tok := f.mint(t, oauth.ES256, good())
	f.v.Keys = func() *keys.Set { return nil }
	if _, err := f.v.Access([]byte(tok)); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("before the first load: %v", err)
	}
	refused(t, f, "a.b.c") // a stranger's garbage is refused even then
}
