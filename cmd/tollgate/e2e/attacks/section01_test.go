//go:build attacks

package attacks

import (
	"fmt"
	"strings"
)

var transportRows = []*row{
	{id: 1, sent: "two equal `Content-Length`", want: "400 and closed", try: sameLengthTwice},
	{id: 2, sent: "two different `Content-Length`", want: "400 and closed", try: twoLengths},
	{id: 3, sent: "`Content-Length: 3, 3`", want: "400 and closed", try: lengthAsList},
	{id: 4, sent: "`Content-Length` `+3`, `0x3`, `-1`, empty, `3 3`, `٣`", want: "400 and closed", try: oddLengths},
	{id: 6, sent: "`Content-Length` and chunks, a request hidden after them", want: "400 and closed; the hidden one is not answered", try: lengthAndChunks},
	{id: 7, sent: "chunks on HTTP/1.0", want: "400 and closed", try: chunksOnHTTP10},
	{id: 8, sent: "`Transfer-Encoding` `xchunked`, `chunked, identity`, `\\x0bchunked`, `\"chunked\"`, `gzip, chunked`", want: "400 and closed", try: oddCodings},
	{id: 9, sent: "`Transfer-Encoding: identity` and `Content-Length`", want: "400 and closed", try: identityCoding},
	{id: 11, sent: "white space before the colon of framing headers", want: "400 and closed", try: spaceBeforeColon},
	{id: 12, sent: "chunk size ended by LF, LF in its extension, space before that, header lines ended by LF", want: "400 and closed", try: bareLF},
	{id: 13, sent: "chunk sizes `ffffffffffffffff`, `0x3`, `-1`, 17 digits, and with a space after it", want: "400 and closed; fasthttp takes the space, so nothing is read after any chunked body: it is answered, and closed", try: oddChunkSizes},
	{id: 14, sent: "trailers `Authorization`, `X-Auth-User`, `Content-Length`, `Host`", want: "never taken for headers", try: trailers},
	{id: 16, sent: "a folded header line", want: "400 and closed", try: foldedHeader},
	{id: 17, sent: "NUL, CR, DEL, 0x01 in a header", want: "400 and closed", try: controlInHeader},
	{id: 18, sent: "header names with a space, a parenthesis, `ä`, no colon", want: "400 and closed", try: oddHeaderNames},
	{id: 19, sent: "no Host, two, `a@b`, `a/b`, `a b`, an empty one", want: "400 and closed", try: oddHosts},
	{id: 21, sent: "`HTTP/1.2`, `HTTP/2.0`, `HTTP/0.9`, `HTTP/1.1x`, `http/1.1`", want: "400 and closed", try: oddVersions},
	{id: 22, sent: "methods `get`, `PoSt`, `BREW`, TRACE, TRACK, CONNECT, one of 8 KB", want: "405 with `Allow`, or 400; nothing is echoed", try: oddMethods},
	{id: 23, sent: "`X-HTTP-Method-Override` and `_method` on GET /token", want: "405", try: methodOverride},
	{id: 24, sent: "a fragment in the target", want: "400 and closed", try: fragments},
	{id: 26, sent: "other spellings of /admin and /token", want: "400, 401 or 404; nothing of the admin API", try: spellings},
	{id: 27, sent: "`%zz`, `%u002f`, `%c0%af` in path and query", want: "400", try: oddEscapes},
	{id: 28, sent: "a header line of 64 KB, of 1 MB; 10,000 headers, 10,000 cookies; one of 8 KB is small", want: "431 and closed; 200", try: largeHeaders},
	{id: 29, sent: "a target of 64 KB", want: "431 and closed", try: longTarget},
	{id: 31, sent: "8 MB of chunks that do not end", want: "413 and closed, not much of it read", try: endlessChunks},
	{id: 32, sent: "`Expect: 100-continue` for 1 MB", want: "413 without a 100", try: expectTooMuch},
	{id: 33, sent: "50 MB in 50 KB of gzip", want: "415; memory as before", try: gzipBomb},
	{id: 34, sent: "10,000 connections that send a byte of a header a second", want: "408 or closed within 10 s; others are served", apart: siege},
	{id: 36, sent: "requests whose answers are never read", want: "closed within 10 s", apart: siege},
	{id: 37, sent: "10,000 idle connections", want: "closed at the idle timeout; others are served", apart: siege},
	{id: 38, sent: "100 requests at once, tokens good, bad, missing, another's; then one with a bad version, and one more", want: "in order, each by its own token; 400 and closed, and no more", try: pipelined},
	{id: 39, sent: "refused early, with a request hidden in the body", want: "413 or 401; the hidden one is not answered", try: hiddenInBody},
	{id: 41, sent: "HTTP/2 without asking; upgrades to h2c and websocket", want: "400 and closed; 200 in HTTP/1.1", try: otherProtocols},
	{id: 42, sent: "TLS to the plain port, plain HTTP to the TLS port", want: "400 or closed; no trace of the stack in the log", try: wrongPort},
	{id: 43, sent: "two `Authorization`, or two in one", want: "400 `invalid_request`; /validate 401", try: twoAuthorizations},
	{id: 44, sent: "/token with no type, `text/plain`, JSON, multipart, `…urlencodedEVIL`, two types, `charset=utf-7`", want: "400 `invalid_request`", try: oddTypes},
	{id: 46, sent: "forms of 10,000 parameters, of 1 MB, with a name of 60 KB, with empty names, of ampersands", want: "400 or 413, at once", try: largeForms},
	{id: 47, sent: "`%00`, `%C0%AF`, `%ED%A0%80`, a byte order mark, a bidi override in a parameter", want: "400 `invalid_request`", try: oddText},
	{id: 48, sent: "look-alikes of a client's id and of a user's name", want: "somebody else: 401", try: lookAlikes},
	{id: 49, sent: "JSON nested 100,000 deep, with a name twice, trailing bytes, `1e999`, UTF-16, a byte order mark, a comment", want: "400, at once", try: oddJSON},
	{id: 51, sent: "CR, LF, escapes, quotes in User-Agent, client_id, username, path, X-Request-Id", want: "one clean line of log each", try: logForgery},
	{id: 52, sent: "`Accept-Language` of 64 KB, of 8 KB of languages", want: "431; ignored", try: languages},
	{id: 53, sent: "`Host: evil.example` on every endpoint", want: "nothing of it in any answer", try: evilHost},
	{id: 54, sent: "`X-Forwarded-*` and `Forwarded` from who is not trusted", want: "nothing of it in any answer; the log has the peer's address", try: evilForwarded},
	{id: 56, sent: "`X-Forwarded-For` of 1,000 hops, a zone, loopback, garbage, `::ffff:10.0.0.1`, from a trusted peer", want: "200; the address is the last that is no proxy, or the peer's", try: oddForwardedFor},
	{id: 57, sent: "`Origin: https://evil.example` and `null`, with credentials, and preflights, on every path", want: "no `Access-Control-Allow-Origin`", try: evilOrigins},
	{id: 58, sent: "`Range`, `If-None-Match`, `If-Modified-Since` on /token and /introspect", want: "200, whole", try: conditions},
	{id: 59, sent: "`Accept-Encoding` on /token and /introspect", want: "200, not compressed", try: compression},
}

// siege is where crowds, floods, times and races are measured.
const siege = "`make siege`"

const (
	formType  = "Content-Type: application/x-www-form-urlencoded\r\n"
	tokenForm = "grant_type=client_credentials"
)

// tokenRequest is a good request to /token with further header lines. Without an own rest, which
// begins among the header lines, it ends with its body.
func (x *trial) tokenRequest(lines, rest string) string {
	if rest == "" {
		rest = formType + sized(tokenForm)
	}
	return "POST /token HTTP/1.1\r\nHost: " + x.address() + "\r\nAuthorization: " + basic(x.service) + "\r\n" + lines + rest
}

// sized ends the header lines with the body's length, and adds the body.
func sized(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) }

// chunked ends the header lines with a body of one chunk. Its size may have something after it.
func chunked(body, afterSize string) string {
	return fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x%s\r\n%s\r\n0\r\n\r\n", len(body), afterSize, body)
}

// getOf is a request with these header lines, Host among them.
func getOf(target, lines string) string { return "GET " + target + " HTTP/1.1\r\n" + lines + "\r\n" }

// publicPaths is every endpoint of the public listener, with a method that it takes.
var publicPaths = []struct{ method, path string }{
	{"GET", "/.well-known/oauth-authorization-server"}, {"GET", "/.well-known/openid-configuration"}, {"GET", "/.well-known/jwks.json"},
	{"GET", "/authorize"}, {"POST", "/token"}, {"POST", "/introspect"}, {"POST", "/introspect/batch"}, {"POST", "/revoke"}, {"GET", "/userinfo"},
	{"GET", "/validate"}, {"GET", "/validate/api/orders"}, {"GET", "/login"}, {"GET", "/consent"}, {"GET", "/logout"}, {"GET", "/livez"}, {"GET", "/readyz"},
	{"GET", "/nothing"},
}

// mentions reports whether an answer holds a word, in its headers or its body.
func mentions(a answer, word string) bool {
	return strings.Contains(fmt.Sprint(a.Header), word) || strings.Contains(string(a.Body), word)
}
