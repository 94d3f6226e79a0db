//go:build attacks

package attacks

import (
	"fmt"
	"strings"
)

var transportRows = []*row{
	{id: 1, sent: "two equal `Content-Length`", want: "400 and closed", try: sameLengthTwice},
	{id: 16, sent: "a folded header line", want: "400 and closed", try: foldedHeader},
	{id: 34, sent: "10,000 connections that send a byte of a header a second", want: "408 or closed within 10 s; others are served", apart: true},
	{id: 36, sent: "requests whose answers are never read", want: "closed within 10 s", apart: true},
	{id: 37, sent: "10,000 idle connections", want: "closed at the idle timeout; others are served", apart: true},
}

const formType = "Content-Type: application/x-www-form-urlencoded\r\n"

// tokenRequest is a good request to /token with further header lines. Without an own rest, which
// begins among the header lines, it ends with its body.
func (x *trial) tokenRequest(lines, rest string) string {
	const body = "grant_type=client_credentials"
	if rest == "" {
		rest = fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", formType, len(body), body)
	}
	return "POST /token HTTP/1.1\r\nHost: " + x.address() + "\r\nAuthorization: " + basic(x.service) + "\r\n" + lines + rest
}

func sameLengthTwice(x *trial) {
	const body = "grant_type=client_credentials"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	x.dropped(x.raw(x.tokenRequest(formType, strings.Repeat(length, 2)+"\r\n"+body)))
}

func foldedHeader(x *trial) {
	x.dropped(x.raw(x.tokenRequest("X-Auth-User: x\r\n y\r\n", "")))
	x.dropped(x.raw("GET /livez HTTP/1.1\r\n Host: x\r\nHost: y\r\n\r\n"))
}
