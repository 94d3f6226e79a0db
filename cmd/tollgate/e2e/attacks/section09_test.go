//go:build attacks

package attacks

import (
	"strings"
	"time"
)

// Each is sent to /introspect, /validate and /userinfo as an access token, and to /authorize and
// /logout as id_token_hint. There is neither client_assertion nor subject_token.
var jwtRows = []*row{
	{id: 276, sent: "alg `none` in every spelling, missing, an array, a number", want: "refused", try: algNone},
	{id: 277, sent: "HS256 under the public keys: PEM, DER, JWK, the whole JWKS", want: "refused", try: publicKeyAsSecret},
	{id: 278, sent: "another algorithm than the key's, another key's id, PS256 under the RSA key", want: "refused", try: wrongAlgorithm},
	{id: 279, sent: "no signature, zeros, r or s of zero or the order, one byte more and less", want: "refused", try: badSignatures},
	{id: 281, sent: "`jku` and `x5u` of an attacker", want: "refused; nobody is connected to", try: remoteKeys},
	{id: 282, sent: "`x5c` and `jwk` with the key it is signed with", want: "refused", try: embeddedKeys},
	{id: 283, sent: "kids: paths, SQL, globs, NUL, 12 KB, 1 MB, an array, a number", want: "refused", try: badKids},
	{id: 284, sent: "a kid of another issuer, of a revoked key, none", want: "refused", try: foreignKeys},
	{id: 286, sent: "`crit`: unknown, empty, absent", want: "refused", try: crit},
	{id: 287, sent: "`b64: false`", want: "refused", try: b64False},
	{id: 288, sent: "another last letter, of the same bytes and of others", want: "refused", try: lastLetter},
	{id: 289, sent: "CR, LF, NUL, spaces, padding inside the segments", want: "refused", try: lineBreaks},
	{id: 291, sent: "ECDSA's other signature", want: "the same token, by jti", try: malleable},
	{id: 292, sent: "a header nested 13,000 deep", want: "refused within 5 ms", try: deepHeader},
	{id: 293, sent: "`alg` twice", want: "refused", try: algTwice},
	{id: 294, sent: "a claim twice, under a good signature", want: "refused", try: claimTwice, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 296, sent: "`ſub`, `Sub`, `EXP`, under a good signature", want: "ignored", try: homoglyphs, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 297, sent: "no `exp`, or another claim missing, under a good signature", want: "refused", try: claimMissing, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 298, sent: "`exp: 0`, under a good signature", want: "refused", try: expZero, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 299, sent: "`exp` of 9e18, 1e300, -1, a string, a fraction, null, a year ahead", want: "refused", try: expOdd, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 301, sent: "`iss` with a slash, in capitals, another scheme, an array, missing", want: "refused", try: issOdd, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 302, sent: "`aud` as arrays, empty, an object, a number", want: "refused", try: audOdd, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 303, sent: "`sub` missing, empty, a number, with NUL and line breaks", want: "refused", try: subOdd, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 304, sent: "`nbf` and `iat` in the future; `iat` after `exp`", want: "refused", try: timesOdd, notInMemory: "nobody has the key; `TestAccess_ReadsClaimsStrictly`"},
	{id: 306, sent: "HS256 as the server's or a client's algorithm", want: "refused where it is set", try: noSymmetricKeys},
}

// headers wants every header to be refused; %s is the kid, %t the type. Where the key is at hand they
// are signed, so that nothing but the header is wrong.
func (x *trial) headers(v *victim, headers ...string) {
	x.Helper()
	for _, header := range headers {
		x.neither(v, func(token string) string {
			j := partsOf(token)
			j.header = strings.NewReplacer("%s", j.member("kid"), "%t", j.member("typ")).Replace(header)
			return v.fits(j)
		})
	}
}

func algNone(x *trial) {
	v := x.victim()
	for _, alg := range []string{`"alg":"none",`, `"alg":"None",`, `"alg":"nOnE",`, `"alg":"NONE",`, `"alg":"",`, ``, `"alg":["RS256"],`, `"alg":1,`, `"alg":null,`, `"alg":{"a":"RS256"},`} {
		header := `{` + alg + `"kid":"%s","typ":"%t"}`
		x.headers(v, header)
		x.neither(v, func(token string) string {
			j := partsOf(token)
			j.header, j.signature = strings.NewReplacer("%s", j.member("kid"), "%t", j.member("typ")).Replace(header), ""
			return j.String()
		})
	}
	x.neither(v, func(token string) string { return token[:strings.LastIndexByte(token, '.')+1] })
	x.neither(v, func(token string) string { return token[:strings.LastIndexByte(token, '.')] })
}

func crit(x *trial) {
	x.headers(x.victim(), `{"alg":"RS256","kid":"%s","typ":"%t","crit":["foo"],"foo":1}`, `{"alg":"RS256","kid":"%s","typ":"%t","crit":["foo"]}`,
		`{"alg":"RS256","kid":"%s","typ":"%t","crit":[]}`, `{"alg":"RS256","kid":"%s","typ":"%t","crit":"exp"}`, `{"crit":["exp"],"alg":"RS256","kid":"%s","typ":"%t"}`)
}

func b64False(x *trial) {
	v := x.victim()
	x.headers(v, `{"alg":"RS256","kid":"%s","typ":"%t","b64":false,"crit":["b64"]}`, `{"alg":"RS256","kid":"%s","typ":"%t","b64":false}`)
	x.neither(v, func(token string) string { // claims as they are
		j := partsOf(token)
		return b64.EncodeToString([]byte(`{"alg":"RS256","b64":false,"crit":["b64"],"kid":"`+j.member("kid")+`"}`)) + "." + j.claims + "." + j.signature
	})
}

func lastLetter(x *trial) {
	v := x.victim()
	last := v.access[len(v.access)-1]
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if byte(c) != last {
			x.noAccess(v.access[:len(v.access)-1] + string(c))
		}
	}
	x.neither(v, func(token string) string { // one bit that decoders may leave out
		const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		return token[:len(token)-1] + string(letters[strings.IndexByte(letters, token[len(token)-1])^1])
	})
}

func lineBreaks(x *trial) {
	v := x.victim()
	for _, c := range []string{"\n", "\r", "\r\n", "\x00", " ", "\t", "=", "==", "+", "/", "%", "é"} {
		for _, part := range []float64{0.01, 0.5, 0.999} {
			x.neither(v, func(token string) string {
				at := int(float64(len(token)) * part)
				return token[:at] + c + token[at:]
			})
		}
		x.noAccess(v.access + c)
		x.noHint(v, v.id+c)
	}
	for _, change := range []func(s string) string{
		func(s string) string { return "" + strings.Replace(s, ".", "..", 1) },
		func(s string) string { return s + "." },
		func(s string) string { return "." + s },
		func(s string) string { return s + "." + s },
		func(s string) string { return strings.ToUpper(s) },
	} {
		x.neither(v, change)
	}
}

func malleable(x *trial) {
	token := x.tokenOf(x.app("signing_alg", "ES256"))
	variant := otherSpelling(token)
	if variant == token {
		x.Fatal("not an ECDSA token")
	}
	a, b := x.introspect(x.gateway, token), x.introspect(x.gateway, variant)
	if x.active(a); b.Active() && a.Text("jti") != b.Text("jti") {
		x.Error("one token has two identities")
	}
	x.note("revoked together: row 226")
}

func deepHeader(x *trial) {
	v := x.victim()
	for _, open := range []string{`[`, `{"a":`} {
		for _, depth := range []int{1000, 40_000 / len(open)} {
			header := strings.Repeat(open, depth)
			token := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(partsOf(v.access).claims)) + ".AA"
			var a answer
			if took := fastest(func() { a = x.introspect(x.gateway, token) }); took > 5*time.Millisecond {
				x.Errorf("%d deep takes %s", depth, took)
			}
			x.inactive(a)
			x.noAccess(token)
			x.noHint(v, token)
		}
	}
}

func algTwice(x *trial) {
	x.headers(x.victim(), `{"alg":"none","alg":"RS256","kid":"%s","typ":"%t"}`, `{"alg":"RS256","alg":"none","kid":"%s","typ":"%t"}`,
		`{"alg":"RS256","kid":"x","kid":"%s","typ":"%t"}`, `{"alg":"RS256","Alg":"none","kid":"%s","typ":"%t"}`, `{"alg":"RS256","kid":"%s","typ":"x","typ":"%t"}`)
}
