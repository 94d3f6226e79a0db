package server

import (
	"bytes"
	"strings"

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
func (f *form) split(src []byte, ends *ends) (n int, err error) {
	f.Reset()
	for more := len(src) > 0; more; n += 2 {
		if n == len(ends) {
			return 0, oauth.InvalidRequest("too many parameters")
		}
		var pair []byte
		pair, src, more = bytes.Cut(src, []byte("&"))
		if bytes.IndexByte(pair, ';') >= 0 {
			return 0, oauth.InvalidRequest("parameters are separated by ampersands")
		}
		name, value, _ := bytes.Cut(pair, []byte("="))
		var nameOK, valueOK bool
		f.buf, nameOK = appendDecoded(f.buf, name)
		ends[n] = len(f.buf)
		f.buf, valueOK = appendDecoded(f.buf, value)
		ends[n+1] = len(f.buf)
		if !nameOK || !valueOK {
			return 0, oauth.InvalidRequest("a parameter holds a malformed escape")
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
