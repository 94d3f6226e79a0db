package server

import (
	"net/url"
	"testing"
)

// FuzzTarget holds our view of a request target to net/url's: what we let through, it can read, and
// finds neither a host nor a fragment in it.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"/", "/token", "/a?b=c", "//evil", "/%2e%2e/x", "/%zz", "/a#b", "/a?b=%", "/\\x", "http://x/", "*", "/a?b=\\", "/\x80", "/ a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, target []byte) {
		if len(target) == 0 || !isTarget(target) {
			return
		}
		u, err := url.ParseRequestURI(string(target))
		if err != nil {
			t.Fatalf("%q: let through, but the oracle says %v", target, err)
		}
		if u.Host != "" || u.Scheme != "" || u.Fragment != "" || u.User != nil {
			t.Fatalf("%q: the oracle sees %+v", target, u)
		}
	})
}

// FuzzBasic looks for credentials that are read in a way they were not written (RFC 6749 2.3.1).
func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"a:b", "a%3Ab:c", "a+b:c%20d", ":", "a", "a:%zz", "a:b:c", "é:ü", "\x00:b"} {
		f.Add(basic(seed))
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok := new(request).parseBasic([]byte(header))
		if !ok {
			return
		}
		again := basic(url.QueryEscape(id) + ":" + url.QueryEscape(secret))
		if id2, secret2, ok := new(request).parseBasic([]byte(again)); !ok || id2 != id || secret2 != secret {
			t.Fatalf("%q is %q and %q, which come back as %q and %q", header, id, secret, id2, secret2)
		}
	})
}
