package server

import (
	"bytes"
	"unicode/utf8"
)

// decode decodes one form-encoded value, once and exactly. What it returns aliases the request.
func (r *request) decode(raw []byte) (string, bool) {
	if isLiteral(raw) {
		return alias(raw), isText(alias(raw))
	}
	start := len(r.words)
	var ok bool
	if r.words, ok = appendDecoded(r.words, raw); !ok {
		return "", false
	}
	text := alias(r.words[start:])
	return text, isText(text)
}

// appendDecoded appends what a form-encoded value means, and reports whether all of it was
// well-formed.
func appendDecoded(dst, s []byte) ([]byte, bool) {
	if isLiteral(s) {
		return append(dst, s...), true
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			dst = append(dst, ' ')
		case '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return dst, false
			}
			dst = append(dst, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return dst, true
}

// isLiteral reports whether a form-encoded value stands for itself.
func isLiteral(s []byte) bool { return bytes.IndexByte(s, '%') < 0 && bytes.IndexByte(s, '+') < 0 }

// isText reports whether s is valid UTF-8 of the characters RFC 6749 appendix A knows
// (UNICODECHARNOCRLF: no control characters but tab, no U+FFFE, U+FFFF), less the marks that make
// text read differently from what it is: byte order mark and bidirectional overrides.
func isText(s string) bool {
	for i := plainPrefix(s); i < len(s); {
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

// plainPrefix is how many bytes of s, eight at a time, are %x20-7E: of a token, nearly all.
func plainPrefix(s string) int {
	const ones = 0x0101010101010101
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		// The high bit of a byte is set by what is below 20, by 7F, and by what has it.
		if ((w-0x20*ones)|(w+ones)|w)&(0x80*ones) != 0 {
			break
		}
	}
	return i
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
