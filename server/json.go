package server

import (
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 7). Bytes that are not UTF-8 become U+FFFD;
// <, > and & are escaped, too, so that no answer can be read as HTML.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		if c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0x7f {
			dst = append(dst, s[start:i]...)
			if c == '"' || c == '\\' {
				dst = append(dst, '\\', c)
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			start = i + 1
		}
		i++
	}
	return append(append(dst, s[start:]...), '"')
}

// object appends the members of one JSON object. Methods named after a type append nothing for its
// zero value, which is how an absent member looks.
type object struct {
	dst   []byte
	empty bool
}

// newObject opens an object at the end of dst.
func newObject(dst []byte) object { return object{append(dst, '{'), true} }

// end closes the object and returns the bytes.
func (o *object) end() []byte { return append(o.dst, '}') }

// name appends a member's name, which needs no escapes.
func (o *object) name(name string) {
	if !o.empty {
		o.dst = append(o.dst, ',')
	}
	o.empty = false
	o.dst = append(append(append(o.dst, '"'), name...), '"', ':')
}

func (o *object) string(name, value string) {
	if value != "" {
		o.name(name)
		o.dst = appendString(o.dst, value)
	}
}

// plain is string for what needs no escapes, such as base64url, and may be long.
func (o *object) plain(name, value string) {
	if value != "" {
		o.name(name)
		o.dst = append(append(append(o.dst, '"'), value...), '"')
	}
}

func (o *object) int(name string, value int64) {
	if value != 0 {
		o.name(name)
		o.dst = strconv.AppendInt(o.dst, value, 10)
	}
}

// bool appends false, too: a member that is a question needs its answer.
func (o *object) bool(name string, value bool) {
	o.name(name)
	o.dst = strconv.AppendBool(o.dst, value)
}

// strings appends an array, empty ones included.
func (o *object) strings(name string, values []string) {
	o.name(name)
	o.dst = append(o.dst, '[')
	for i, v := range values {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = appendString(o.dst, v)
	}
	o.dst = append(o.dst, ']')
}
