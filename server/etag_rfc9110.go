package server

import "bytes"

// matchesETag reports whether an If-Match or If-None-Match list names the tag (RFC 9110 8.8.3).
// Compression in between makes tags weak, so the mark is not looked at.
func matchesETag(list []byte, etag string) bool {
	for len(list) > 0 {
		var tag []byte
		tag, list, _ = bytes.Cut(list, []byte(","))
		tag = bytes.TrimPrefix(bytes.Trim(tag, " \t"), []byte("W/"))
		if string(tag) == etag || string(tag) == "*" {
			return true
		}
	}
	return false
}
