//go:build attacks

package attacks

import (
	"fmt"
	"strings"
	"time"
)

// claims wants claims to be refused that stand under a good signature, once that is seen to be good:
// change gets the claims of the access token and of the id_token.
func (x *trial) claims(changes ...func(claims string) string) {
	x.Helper()
	v := x.victim()
	again := func(token string) string { return v.fits(partsOf(token)) }
	x.taken(v, again(v.access), again(v.id))
	for _, change := range changes {
		x.neither(v, func(token string) string {
			j := partsOf(token)
			before := j.claims
			if j.claims = change(j.claims); j.claims == before {
				x.Fatalf("the case changes nothing: %s", before)
			}
			return v.fits(j)
		})
	}
}

// memberOf is `"exp":123` as it stands in claims.
func memberOf(claims, name string) string {
	from := strings.Index(claims, `"`+name+`":`)
	return claims[from : from+strings.IndexAny(claims[from:], ",}")]
}

// with gives a claim another value, as JSON; without takes it out; and adds members at the end.
func with(name, value string) func(string) string {
	return func(claims string) string {
		return strings.Replace(claims, memberOf(claims, name), `"`+name+`":`+value, 1)
	}
}

func without(name string) func(string) string {
	return func(claims string) string {
		m := memberOf(claims, name)
		return strings.Replace(strings.Replace(claims, m+",", "", 1), ","+m, "", 1)
	}
}

func and(members string) func(string) string {
	return func(claims string) string { return claims[:len(claims)-1] + "," + members + "}" }
}

// all is one case for each value of a claim.
func all(name string, values ...string) (cases []func(string) string) {
	for _, value := range values {
		cases = append(cases, with(name, value))
	}
	return cases
}

func claimTwice(x *trial) {
	x.claims(and(`"exp":9999999999`), and(`"sub":"bob"`), and(`"foo":1,"foo":1`), and(`"\u0065xp":9999999999`),
		func(claims string) string { return claims[:len(claims)-1] + "," + memberOf(claims, "exp") + "}" })
}

func homoglyphs(x *trial) {
	v := x.victim()
	for _, members := range []string{`"ſub":"bob"`, `"Sub":"bob"`, `"EXP":1`, `"Aud":"x"`, `"foo":{"exp":[1,{"a":null}]}`, `"ſcope":"admin"`} {
		j := partsOf(v.access)
		j.claims = and(members)(j.claims)
		a := x.bearer("/validate", v.fits(j))
		if a.Status != 200 || a.Header.Get("X-Auth-Subject") != claimsOf(v.access)["sub"] || a.Header.Get("X-Auth-Scope") != claimsOf(v.access)["scope"] {
			x.Errorf("%s: %d %v", members, a.Status, a.Header)
		}
	}
}

func claimMissing(x *trial) {
	v := x.victim()
	var cases []func(string) string
	for _, name := range []string{"exp", "iat", "sub", "aud", "iss"} {
		cases = append(cases, without(name))
	}
	x.claims(append(cases, func(string) string { return `{}` }, func(string) string { return `[]` }, func(string) string { return `null` }, func(string) string { return `` })...)
	for _, name := range []string{"jti", "client_id"} { // of access tokens only
		j := partsOf(v.access)
		j.claims = without(name)(j.claims)
		x.noAccess(v.fits(j))
	}
}

func expZero(x *trial) { x.claims(with("exp", "0")) }

func expOdd(x *trial) {
	x.claims(all("exp", "1e300", "-1", `"9999999999"`, "1.5", "null", "true", "[]", "{}", "01", "9223372036854775808", fmt.Sprintf("%d.0", time.Now().Unix()+60))...)
	v := x.victim()
	for _, exp := range []string{"9000000000000000000", "9223372036854775807", fmt.Sprint(time.Now().AddDate(1, 0, 0).Unix())} { // a hint never expires
		j := partsOf(v.access)
		j.claims = with("exp", exp)(j.claims)
		x.noAccess(v.fits(j))
	}
}

func issOdd(x *trial) {
	issuer := x.node.Issuer
	x.claims(append(all("iss", `"`+issuer+`/"`, `"`+strings.ToUpper(issuer)+`"`, `"https`+strings.TrimPrefix(issuer, "http")+`"`, `["`+issuer+`"]`, "null", `""`, "1"), without("iss"))...)
}

func audOdd(x *trial) {
	x.claims(append(all("aud", "[]", `[""]`, `""`, "{}", "1", "null", `["other"]`),
		func(claims string) string {
			aud := strings.TrimPrefix(memberOf(claims, "aud"), `"aud":`)
			return with("aud", `[`+aud+`,"other"]`)(claims)
		},
		func(claims string) string {
			return with("aud", `[`+strings.TrimPrefix(memberOf(claims, "aud"), `"aud":`)+`]`)(claims)
		})...)
}

func subOdd(x *trial) {
	x.claims(append(all("sub", `""`, "1", "null", `"admin\u0000"`, `"a\r\nX-Auth-Subject: b"`, `"\ud800"`, "\"\xff\"", "\"a\x01\"", `["alice"]`, `{}`), without("sub"))...)
}

func timesOdd(x *trial) {
	now := time.Now().Unix()
	x.claims(append(all("iat", "0", "-1", "1e9", "9223372036854775806", fmt.Sprint(now+24*3600*365)),
		func(claims string) string { // iat after exp
			exp := strings.TrimPrefix(memberOf(claims, "exp"), `"exp":`)
			return with("iat", exp+"0")(claims)
		})...)
	v := x.victim()
	for _, change := range []func(string) string{
		with("iat", fmt.Sprint(now+3600)), and(fmt.Sprintf(`"nbf":%d`, now+3600)), and(`"nbf":9223372036854775807`), and(`"nbf":"x"`),
	} {
		j := partsOf(v.access)
		j.claims = change(j.claims)
		x.noAccess(v.fits(j))
	}
}
