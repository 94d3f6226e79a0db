package server

import (
	"bytes"
	stdjson "encoding/json"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fasthttp"
)

// FuzzJSONBody holds the decoder of bodies to encoding/json: what it takes, that takes as well, with
// the same meaning, and has no member twice.
func FuzzJSONBody(f *testing.F) {
	for _, seed := range []string{
		`{"tokens":["a","b"]}`, `{"tokens":["a"],"tokens":["b"]}`, `{"Tokens":["a"]}`, `{"tokens":[1,null,{},[]]}`, `{"tokens":["\ud800"]}`, // rows 49, 212
		`null`, `[]`, ` {} `, `{}x`, `{"tokens":[]} {}`, "\xef\xbb\xbf{}", `{"tokens":["\u0000"]}`, `{"tokens":1e999}`, `{/**/}`, "{\"tokens\":[\"\xff\"]}",
		strings.Repeat("[", 1000), `{"client_id":"a","grant_types":["x"],"disabled":true}`, `{"client_id":"a","client_\u0069d":"b"}`, `{"ſcope":"x"}`, `{"version":9}`,
	} {
		f.Add([]byte(seed))
	}
	type batchBody struct {
		Tokens []*string `json:"tokens"`
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkJSON[batchBody](t, body)
		checkJSON[clientRegistration](t, body)
		checkJSON[userRegistration](t, body)
	})
}

func checkJSON[T any](t *testing.T, body []byte) {
	t.Helper()
	var got, want T
	if decodeJSON(body, &got) != nil {
		return
	}
	oracle := stdjson.NewDecoder(bytes.NewReader(body))
	oracle.DisallowUnknownFields()
	if err := oracle.Decode(&want); err != nil {
		t.Fatalf("%q: accepted, but the oracle says %v", body, err)
	}
	if _, err := oracle.Token(); err != io.EOF {
		t.Fatalf("%q: accepted with more behind it", body)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%q: %+v, the oracle has %+v", body, got, want)
	}
	if !utf8.Valid(body) {
		t.Fatalf("%q: accepted, and is not UTF-8", body)
	}
}

// FuzzJSONText holds what we write by hand to encoding/json: any text comes back as it was, but for
// bytes that are not UTF-8, and can end neither its string nor a script.
func FuzzJSONText(f *testing.F) {
	for _, seed := range []string{"", "a", `"\`, "<script>", "é\u2028", "\x00\x1f\x7f", "\xff\xfe", "\xed\xa0\x80", "a\xc3", "\ufffd", "😀"} { // row 51
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		written := appendString(nil, text)
		var read string
		if err := stdjson.Unmarshal(written, &read); err != nil {
			t.Fatalf("%q is written as %s: %v", text, written, err)
		}
		if want := strings.ToValidUTF8(text, "\xff"); utf8.ValidString(text) && read != text || !utf8.ValidString(read) || strings.Count(want, "\xff") > strings.Count(read, "\ufffd") {
			t.Errorf("%q comes back as %q", text, read)
		}
		if bytes.ContainsAny(written, "<>&\x7f") || bytes.ContainsFunc(written, func(r rune) bool { return r < 0x20 }) {
			t.Errorf("%q is written as %s", text, written)
		}
		plain := string(appendPlain(nil, text))
		if strings.ContainsFunc(plain, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' }) {
			t.Errorf("%q is made plain as %q", text, plain)
		}
	})
}

// FuzzForwarded holds the walk over X-Forwarded-For to one that cannot be wrong: a caller's address is
// the peer's, or the one that the nearest trusted proxy wrote, and nothing left of it is ever read.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"", "203.0.113.9", "6.6.6.6, 203.0.113.9, 10.2.3.4", "10.0.0.3\n10.0.0.2", "fe80::1%eth0", "::ffff:10.1.1.1", "203.0.113.9:1234", "unknown", ",", "2001:db8::1", "127.0.0.1,\t10.0.0.1 "} { // row 56
		f.Add(seed, true)
		f.Add(seed, false)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	isTrusted := func(a netip.Addr) bool { return trusted[0].Contains(a) || trusted[1].Contains(a) }
	f.Fuzz(func(t *testing.T, text string, behind bool) {
		peer := netip.MustParseAddr("192.0.2.1")
		if behind {
			peer = netip.MustParseAddr("10.0.0.1")
		}
		var http fasthttp.RequestCtx
		http.Init(&fasthttp.Request{}, net.TCPAddrFromAddrPort(netip.AddrPortFrom(peer, 1)), nil)
		for line := range strings.SplitSeq(text, "\n") {
			http.Request.Header.Add("X-Forwarded-For", line)
		}
		r := &request{s: &Server{trusted: trusted}, http: &http}

		want := peer
		var hops []string
		for _, line := range http.Request.Header.PeekAll("X-Forwarded-For") {
			hops = append(hops, strings.Split(string(line), ",")...)
		}
		for i := len(hops) - 1; i >= max(0, len(hops)-maxHops) && isTrusted(want); i-- {
			addr, err := netip.ParseAddr(strings.Trim(hops[i], " \t"))
			if err != nil || addr.Zone() != "" {
				break
			}
			want = addr.Unmap()
		}
		if got := r.clientAddr(); got != want {
			t.Errorf("%q behind %v: %v, want %v", text, peer, got, want)
		}
	})
}
