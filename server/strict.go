package server

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"tollgate/flows/oauth"
)

// head is what one pass over the header block saw, beyond what fasthttp keeps.
type head struct {
	authorizations int
	contentTypes   int
	requestIDs     int
	lengths        int
	contentEncoded bool // a Content-Encoding other than identity
	chunked        bool // the body came in chunks
	basic          bool // Basic credentials were tried; set where they are parsed
}

// strict refuses what fasthttp lets through and two readers could understand differently: a proxy
// in front of us that reads it the other way would be fooled. The connection ends with the refusal,
// because where one request was ambiguous the next one's beginning is, too. It also ends after a
// chunked body, whose raw chunks nobody shows us: fasthttp takes a size with spaces after it.
func strict(next handler) handler {
	return func(r *request) error {
		if err := r.checkFraming(); err != nil {
			r.http.SetConnectionClose()
			return err
		}
		if r.head.chunked {
			r.http.SetConnectionClose()
		}
		return next(r)
	}
}

// checkFraming checks the request line and the raw header block.
func (r *request) checkFraming() error {
	h := &r.http.Request.Header
	if v := h.Protocol(); string(v) != "HTTP/1.1" && string(v) != "HTTP/1.0" {
		return errVersion // RFC 9112 2.3
	}
	if !isTarget(h.RequestURI()) {
		return errTarget
	}
	if !isHost(h.Host()) {
		return errHost
	}
	return r.head.scan(h)
}

// isTarget reports whether the request target is in origin form and its escapes are well formed
// (RFC 9112 3.2.1, RFC 3986 2.1). Absolute form would override Host, "//" would be read as a host,
// and a fragment has no place in a target.
func isTarget(target []byte) bool {
	if target[0] != '/' || len(target) > 1 && target[1] == '/' {
		return false
	}
	inQuery := false
	for i := 0; i < len(target); i++ {
		switch c := target[i]; {
		case c <= 0x20 || c >= 0x7f || c == '#':
			return false
		case c == '\\' && !inQuery: // browsers read it as a slash
			return false
		case c == '?':
			inQuery = true
		case c == '%':
			if i+2 >= len(target) || !isHex(target[i+1]) || !isHex(target[i+2]) {
				return false
			}
			switch unhex(target[i+1])<<4 | unhex(target[i+2]) {
			case 0xc0, 0xc1: // "%c0%af" is a slash to who decodes overlong forms, which UTF-8 has not: RFC 3629 3
				return false
			case 0:
				if !inQuery {
					return false
				}
			}
		}
	}
	return true
}

// isHost reports whether a Host header holds a host and perhaps a port (RFC 9110 7.2). HTTP/1.0
// need not have one. Nothing we answer depends on it; proxies that route by it must agree with us.
func isHost(host []byte) bool {
	for _, c := range host {
		if !hostChars[c] {
			return false
		}
	}
	return true
}

// scan walks the header block as it came over the wire.
func (seen *head) scan(h *fasthttp.RequestHeader) error {
	for block := h.RawHeaders(); len(block) > 0; {
		line := block
		if end := bytes.IndexByte(block, '\n'); end >= 0 {
			if end == 0 || block[end-1] != '\r' { // to some readers the end of a line, to others not: RFC 9112 2.2
				return errMalformedHeader
			}
			line, block = block[:end-1], block[end+1:]
		} else {
			block = nil
		}
		if len(line) == 0 {
			break
		}
		colon := nameLength(line)
		if colon == 0 || colon == len(line) || line[colon] != ':' { // a folded line begins with a space: RFC 9112 5.2
			return errMalformedHeader
		}
		if err := seen.note(line[:colon], line[colon+1:]); err != nil {
			return err
		}
	}
	if seen.lengths > 0 && seen.chunked { // request smuggling: RFC 9112 6.1
		return errFraming
	}
	return nil
}

// nameLength is how long the name is that a header line begins with.
func nameLength(line []byte) int {
	for i, c := range line {
		if !tokenChars[c] {
			return i
		}
	}
	return len(line)
}

var (
	errVersion         = oauth.InvalidRequest("unsupported HTTP version")
	errTarget          = oauth.InvalidRequest("malformed request target")
	errHost            = oauth.InvalidRequest("malformed Host")
	errMalformedHeader = oauth.InvalidRequest("malformed header")
	errFraming         = oauth.InvalidRequest("both Content-Length and Transfer-Encoding")
	errCoding          = oauth.InvalidRequest("unsupported transfer coding")
)

// note counts the headers that must be alone. Their lengths tell them from all others.
func (seen *head) note(name, value []byte) error {
	switch len(name) {
	case len("content-type"): // and x-request-id
		switch {
		case is(name, "content-type"):
			seen.contentTypes++
		case is(name, "x-request-id"):
			seen.requestIDs++
		}
	case len("authorization"):
		if string(name) == "Authorization" || is(name, "authorization") { // as nearly all spell it, at one go
			seen.authorizations++
		}
	case len("content-length"):
		if is(name, "content-length") {
			seen.lengths++
		}
	case len("content-encoding"):
		if is(name, "content-encoding") {
			seen.contentEncoded = seen.contentEncoded || !is(bytes.Trim(value, " \t"), "identity")
		}
	case len("transfer-encoding"):
		if is(name, "transfer-encoding") {
			seen.chunked = true
			if !is(bytes.Trim(value, " \t"), "chunked") { // identity is gone: RFC 9112 7
				return errCoding
			}
		}
	}
	return nil
}

// is compares a header name or value with a lower-case word, whatever its case.
func is(s []byte, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i, c := range s {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// tokenChars is the set of RFC 9110 5.6.2.
var tokenChars = func() (set [256]bool) {
	for c := range 128 {
		set[c] = '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		set[c] = true
	}
	return set
}()

// hostChars are those of a Host header: a name, an address in brackets, a port.
var hostChars = func() [256]bool {
	set := tokenChars
	for _, c := range ":[](),;=" {
		set[c] = true
	}
	return set
}()
