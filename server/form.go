package server

import (
	"strings"
	"unicode/utf8"

	"tollgate/flows/oauth"
)

const (
	maxParams    = 64  // no request of OAuth or OIDC has half as many
	maxParamName = 128 // bytes, decoded
)

const formType = "application/x-www-form-urlencoded"

// form is the parameters of one query or body: names are unique, values decoded once. Its strings
// are copies and safe to keep, unless it was borrowed.
type form struct {
	params []param
	buf    []byte
}

type param struct{ name, value string }

// Reset forgets the parameters but not the memory.
func (f *form) Reset() {
	clear(f.params)
	f.params = f.params[:0]
	clear(f.buf)
	f.buf = f.buf[:0]
}

// get returns the value of a parameter; "" where it is absent, which RFC 6749 3.1 makes the same
// as empty.
func (f *form) get(name string) string {
	for i := range f.params {
		if f.params[i].name == name {
			return f.params[i].value
		}
	}
	return ""
}

// has reports whether the parameter was sent at all, even if empty.
func (f *form) has(name string) bool {
	for i := range f.params {
		if f.params[i].name == name {
			return true
		}
	}
	return false
}

var errQuery = oauth.InvalidRequest("parameters belong into the body, not the query")

// bodyForm parses the body. It refuses a query, where secrets would end in logs (RFC 6749 2.3.1),
// and every content type but the one (RFC 6749 appendix B). The form lives until the next parse.
func (r *request) bodyForm() (*form, error) {
	if len(r.http.URI().QueryString()) > 0 {
		return nil, errQuery
	}
	return r.postForm()
}

// borrowForm is bodyForm for a handler that keeps nothing of it: the form's strings alias the request.
func (r *request) borrowForm() (*form, error) {
	if len(r.http.URI().QueryString()) > 0 {
		return nil, errQuery
	}
	body, err := r.formBody()
	if err != nil {
		return nil, err
	}
	return &r.params, r.params.borrow(body)
}

// postForm parses the body whatever the query holds.
func (r *request) postForm() (*form, error) {
	body, err := r.formBody()
	if err != nil {
		return nil, err
	}
	return r.parse(body)
}

// formBody returns the body of a request that calls it a form.
func (r *request) formBody() ([]byte, error) {
	if r.head.contentEncoded {
		return nil, oauth.NewError(oauth.CodeUnsupportedType, "content encodings are not supported")
	}
	if r.head.contentTypes != 1 || !isFormType(r.http.Request.Header.ContentType()) {
		return nil, oauth.InvalidRequest("content type must be " + formType)
	}
	return r.http.PostBody(), nil
}

// queryForm parses the query. The form lives until the next parse.
func (r *request) queryForm() (*form, error) { return r.parse(r.http.URI().QueryString()) }

func (r *request) parse(src []byte) (*form, error) {
	if err := r.params.parse(src); err != nil {
		return nil, err
	}
	return &r.params, nil
}

// isFormType reports whether a content type is exactly the form's, with no parameter but
// charset=utf-8.
func isFormType(value []byte) bool { return isMediaType(value, formType) }

// isMediaType compares a content type with one that may carry charset=utf-8 and nothing else.
func isMediaType(value []byte, want string) bool {
	mediaType, params, more := strings.Cut(alias(value), ";")
	if !strings.EqualFold(strings.TrimRight(mediaType, " \t"), want) {
		return false
	}
	params = strings.Trim(params, " \t")
	return !more || strings.EqualFold(params, "charset=utf-8") || strings.EqualFold(params, `charset="utf-8"`)
}

// parse reads application/x-www-form-urlencoded in one pass (RFC 6749 appendix B). Whatever two
// readers could understand differently is an error: a parameter sent twice (RFC 6749 3.1, 3.2), a
// bad escape, an empty name, bytes that are not UTF-8, characters no parameter may hold.
func (f *form) parse(src []byte) error {
	var e ends
	n, err := f.split(src, &e)
	if err != nil {
		return err
	}
	return f.collect(string(f.buf), e[:n])
}

// borrow is parse, but the strings alias the form and end with its next use.
func (f *form) borrow(src []byte) error {
	var e ends
	n, err := f.split(src, &e)
	if err != nil {
		return err
	}
	return f.collect(alias(f.buf), e[:n])
}

// ends is where each name and value ends in a form's buf.
type ends [2 * maxParams]int

// split decodes src into buf, and returns how many ends there are.
func (f *form) split(src []byte, ends *ends) (int, error) {
	f.Reset()
	if len(src) == 0 {
		return 0, nil
	}
	n, inValue := 0, false
	for i := 0; i <= len(src); i++ {
		switch {
		case i == len(src) || src[i] == '&':
			if !inValue {
				ends[n] = len(f.buf)
				n++
			}
			ends[n] = len(f.buf)
			n, inValue = n+1, false
			if n == len(ends) && i < len(src) {
				return 0, oauth.InvalidRequest("too many parameters")
			}
		case src[i] == '=' && !inValue:
			ends[n] = len(f.buf)
			n, inValue = n+1, true
		case src[i] == '+':
			f.buf = append(f.buf, ' ')
		case src[i] == '%':
			if i+2 >= len(src) || !isHex(src[i+1]) || !isHex(src[i+2]) {
				return 0, oauth.InvalidRequest("a parameter holds a malformed escape")
			}
			f.buf = append(f.buf, unhex(src[i+1])<<4|unhex(src[i+2]))
			i += 2
		case src[i] == ';':
			return 0, oauth.InvalidRequest("parameters are separated by ampersands")
		default:
			f.buf = append(f.buf, src[i])
		}
	}
	return n, nil
}

// collect makes parameters of the decoded text, as slices of it.
func (f *form) collect(text string, ends []int) error {
	start := 0
	for i := 0; i < len(ends); i += 2 {
		p := param{name: text[start:ends[i]], value: text[ends[i]:ends[i+1]]}
		start = ends[i+1]
		switch {
		case !isText(p.name), !isText(p.value): // each by itself: no character spans two
			return oauth.InvalidRequest("a parameter holds characters that are not allowed")
		case p.name == "" || len(p.name) > maxParamName:
			return oauth.InvalidRequest("a parameter has no name or one that is too long")
		case f.has(p.name):
			return oauth.InvalidRequest("a parameter was sent twice")
		}
		f.params = append(f.params, p)
	}
	return nil
}

// isText reports whether s is valid UTF-8 of the characters RFC 6749 appendix A knows
// (UNICODECHARNOCRLF: no control characters but tab, no U+FFFE, U+FFFF), less the marks that make
// text read differently from what it is: byte order mark and bidirectional overrides.
func isText(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < 0x20 && c != '\t' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1,
			r == 0xfeff, r == 0xfffe, r == 0xffff,
			0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
			return false
		}
		i += size
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}
