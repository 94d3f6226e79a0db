package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tollgate/flows/oauth"
)

func TestAccess_HasTheShapeOfTheRFCsExample(t *testing.T) {
	var example struct {
		Header map[string]any
		Claims map[string]any
	}
	readJSON(t, "testdata/rfc9068/3.json", &example)
	f := newFixture(t)
	tok := f.mint(t, oauth.RS256, good())

	var header, claims map[string]any
	for i, into := range []*map[string]any{&header, &claims} {
		if err := json.Unmarshal(octets(t, strings.Split(tok, ".")[i]), into); err != nil {
			t.Fatal(err)
		}
	}
	if header["typ"] != example.Header["typ"] || header["alg"] != example.Header["alg"] || len(header) != len(example.Header) {
		t.Errorf("header %v, example %v", header, example.Header)
	}
	for name, value := range example.Claims {
		if fmt.Sprintf("%T", claims[name]) != fmt.Sprintf("%T", value) {
			t.Errorf("%s is %T, in the example %T", name, claims[name], value)
		}
	}
}

func TestAccess_WhatIsMintedIsWhatIsVerified(t *testing.T) {
	f := newFixture(t)
	plain, bare, odd := good(), good(), good()
	bare.Scope, bare.SessionID = "", ""
	odd.Subject = `quote " backslash \ slash / <script>&` + "\u2028 ü 日本 😀"
	odd.ClientID = `\u0041\"`
	for name, a := range map[string]*Access{"all claims": plain, "no scope, no session": bare, "odd characters": odd} {
		for _, alg := range oauth.Algs() {
			t.Run(name+", "+string(alg), func(t *testing.T) {
				tok := f.mint(t, alg, a)
				got, err := f.v.Access([]byte(tok))
				if err != nil {
					t.Fatal(err)
				}
				want := *a
				grant, issued, _ := ParseTokenID(a.ID)
				want.Grant, want.IssuedAtMS, want.Epoch = grant, issued.UnixMilli(), f.set.Epoch
				if *got != want {
					t.Errorf("got %+v, want %+v", *got, want)
				}
				checkOracle(t, f, tok, got)
				if issued := IssuedAt([]byte(tok)); issued.Unix() != a.IssuedAt {
					t.Errorf("issued at %v, want %d", issued, a.IssuedAt)
				}
			})
		}
	}
}

// checkOracle demands that golang-jwt accepts the token and reads the same in it.
func checkOracle(t testing.TB, f *fixture, tok string, got *Access) {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, err := f.oracle().ParseWithClaims(tok, claims, f.keyOf); err != nil {
		t.Fatalf("golang-jwt refuses what we accept: %v", err)
	}
	want := map[string]any{
		"iss": got.Issuer, "sub": got.Subject, "aud": got.Audience, "client_id": got.ClientID, "jti": string(got.ID),
		"scope": got.Scope, "sid": got.SessionID, "exp": float64(got.Expires), "iat": float64(got.IssuedAt),
	}
	for name, value := range want {
		if claims[name] != value && !(claims[name] == nil && value == "") {
			t.Errorf("%s: golang-jwt reads %v, we read %v", name, claims[name], value)
		}
	}
}

func TestIssuedAt_OfWhatIsNoTokenOfOursIsZero(t *testing.T) {
	part := base64.RawURLEncoding.EncodeToString
	for _, claims := range []string{`{}`, `{"iss":"a","iat":-}`, `{"iss":"a","iat":1e9,"jti":""}`, `{"iss":"a","iat":99999999999999999999,"jti":""}`, `{"iss":"\",\"iat\":1,"}`} {
		if at := IssuedAt([]byte("e30." + part([]byte(claims)) + ".e30")); !at.IsZero() {
			t.Errorf("%s: issued at %v", claims, at)
		}
	}
	for _, tok := range []string{"", ".", "e30.e30", "e30.!.e30"} {
		if at := IssuedAt([]byte(tok)); !at.IsZero() {
			t.Errorf("%q: issued at %v", tok, at)
		}
	}
}

func TestAccess_SharesNoMemoryWithTheToken(t *testing.T) {
	f := newFixture(t)
	tok := []byte(f.mint(t, oauth.EdDSA, good()))
	got, err := f.v.Access(tok)
	if err != nil {
		t.Fatal(err)
	}
	before := strings.Clone(fmt.Sprintf("%+v", *got))
	for i := range tok {
		tok[i] = 'x'
	}
	for range 100 { // whatever the decoder pools gets used again
		_, _ = f.v.Access([]byte(f.mint(t, oauth.EdDSA, good())))
	}
	if after := fmt.Sprintf("%+v", *got); after != before {
		t.Errorf("claims changed to %s", after)
	}
}

func TestAccess_IsNotMintedWhereItWouldBeRefused(t *testing.T) {
	k := newFixture(t).set.Active(oauth.EdDSA)
	for name, change := range map[string]func(*Access){
		"no issuer":               func(a *Access) { a.Issuer = "" },
		"no subject":              func(a *Access) { a.Subject = "" },
		"no audience":             func(a *Access) { a.Audience = "" },
		"no client":               func(a *Access) { a.ClientID = "" },
		"no id":                   func(a *Access) { a.ID = "" },
		"an id of another shape":  func(a *Access) { a.ID = "dbe39bf3a3ba4238a513f51d6e1691c4" },
		"an id of another time":   func(a *Access) { a.ID = NewTokenID(NewGrantID(), testNow.Add(time.Second)) },
		"an end before the start": func(a *Access) { a.Expires = a.IssuedAt },
		"a newline in the scope":  func(a *Access) { a.Scope = "a\nb" },
		"a subject not in UTF-8":  func(a *Access) { a.Subject = "\xff" },
	} {
		a := good()
		change(a)
		if _, err := MintAccess(k, a); err == nil {
			t.Errorf("%s: minted", name)
		}
	}
	a := good()
	a.Scope = strings.Repeat("s", MaxSize)
	if _, err := MintAccess(k, a); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a huge scope: %v", err)
	}
}

func TestAccess_ExpiresAfterTheLeewayAppliedOnce(t *testing.T) {
	f := newFixture(t)
	tok := []byte(f.mint(t, oauth.EdDSA, good()))
	end := time.Unix(good().Expires, 0)
	at := func(now time.Time) error {
		f.v.Now = func() time.Time { return now }
		_, err := f.v.Access(tok)
		return err
	}
	for _, c := range []struct {
		name   string
		leeway time.Duration
		now    time.Time
		want   error
	}{
		{"row 272: default leeway, still good", 0, end.Add(5*time.Second - time.Millisecond), nil},
		{"row 272: default leeway, over", 0, end.Add(5 * time.Second), ErrExpired},
		{"row 272: chosen leeway, still good", 20 * time.Second, end.Add(20*time.Second - time.Millisecond), nil},
		{"row 272: chosen leeway, over", 20 * time.Second, end.Add(20 * time.Second), ErrExpired},
		{"row 272: never more than 30 s", time.Hour, end.Add(30 * time.Second), ErrExpired},
		{"issued in the future within leeway", 0, testNow.Add(-5 * time.Second), nil},
		{"row 304: issued in the future", 0, testNow.Add(-6 * time.Second), ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.v.Leeway = c.leeway
			if err := at(c.now); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestAccess_IsGoodFromANodeWhoseClockIsAhead(t *testing.T) {
	f := newFixture(t)
	tok := []byte(f.mint(t, oauth.EdDSA, good()))
	f.v.Skew = 30 * time.Second
	for ahead, want := range map[time.Duration]error{30 * time.Second: nil, 31 * time.Second: ErrInvalid} {
		f.v.Now = func() time.Time { return testNow.Add(-ahead) }
		if _, err := f.v.Access(tok); !errors.Is(err, want) {
			t.Errorf("%v ahead: error %v, want %v", ahead, err, want)
		}
	}
	f.v.Now = func() time.Time { return time.Unix(good().Expires, 0).Add(5 * time.Second) }
	if _, err := f.v.Access(tok); !errors.Is(err, ErrExpired) {
		t.Errorf("skew is no leeway: error %v", err)
	}
}

func TestID_WhatIsMintedIsWhatIsRead(t *testing.T) {
	f := newFixture(t)
	service := &IDClaims{Issuer: testIssuer, Subject: "s", Audience: "c", IssuedAt: 1, Expires: 2}
	for _, alg := range oauth.Algs() {
		for _, c := range []*IDClaims{goodID(), service} {
			c.AtHash = AtHash(alg, "token")
			tok, err := MintID(f.set.Active(alg), c)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.v.IDHint([]byte(tok)) // service's has expired long ago
			if err != nil || !reflect.DeepEqual(got, c) {
				t.Errorf("%s: got %+v, %v, want %+v", alg, got, err, c)
			}
			if _, err := f.v.Access([]byte(tok)); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: an id_token passes as access token: %v", alg, err)
			}
			if _, err := f.oracle().Parse(tok, f.keyOf); (err == nil) != (c.IssuedAt > 2) {
				t.Errorf("%s: golang-jwt says %v", alg, err)
			}
		}
		if _, err := f.v.IDHint([]byte(f.mint(t, alg, good()))); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: an access token passes as id_token: %v", alg, err)
		}
	}
	if _, err := MintID(f.set.Active(oauth.EdDSA), &IDClaims{Issuer: testIssuer, Subject: "s", IssuedAt: 1, Expires: 2}); err == nil {
		t.Error("an id_token without audience was minted")
	}
}

// The access tokens and hashes of OIDC Core A.3 (SHA-256), and the rule for Ed25519.
func TestAtHash_IsTheLeftHalfOfTheAlgorithmsHash(t *testing.T) {
	const accessToken = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y" // OIDC Core A.3
	for _, alg := range []oauth.Alg{oauth.RS256, oauth.ES256} {
		if got := AtHash(alg, accessToken); got != "77QmUPtjPfzWtF2AnpK9RQ" {
			t.Errorf("%s: %s", alg, got)
		}
	}
	if got := AtHash(oauth.EdDSA, accessToken); len(got) != 43 {
		t.Errorf("EdDSA: %d characters, want 43: half of SHA-512", len(got))
	}
}
