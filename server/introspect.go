package server

import (
	"bytes"
	"errors"

	json "github.com/goccy/go-json/v2"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

const (
	maxBatch       = 100  // tokens in one batch
	maxTokenLength = 8192 // bytes; no token of ours is half as long
)

// serveIntrospect is the introspection endpoint (RFC 7662 2). Flows keep nothing of what is asked.
func serveIntrospect(r *request) error {
	f, err := r.borrowForm()
	if err != nil {
		return err
	}
	client, err := r.borrowCredentials(f)
	if err != nil {
		return err
	}
	tok := f.get("token")
	if tok == "" {
		return oauth.InvalidRequest("token is missing") // 2.1
	}
	var answer flows.Introspection
	if err := r.s.flows.IntrospectOne(r.ctx, &client, tok, &answer); err != nil {
		if oauth.AsError(err).Code == oauth.CodeInvalidClient {
			r.s.flows.ClientRefused(r.originCtx(), &client)
		}
		return err
	}
	r.noteIntrospection(&answer)
	r.sendJSON(200, appendIntrospection(r.body(), &answer))
	return nil
}

// serveIntrospectBatch answers many at once, in the order they were asked. Only Basic authenticates
// here, because the body is JSON.
func serveIntrospectBatch(r *request) error {
	tokens, err := r.batch()
	if err != nil {
		return err
	}
	client, err := r.clientCredentials(&form{})
	if err != nil {
		return err
	}
	// Each token counts, so that a batch scans no faster than single requests.
	if wait := r.s.perIP.AllowAddr(r.addr(), len(tokens)-1, r.started()); wait > 0 {
		return r.tooMany(&r.s.perIP, wait)
	}
	answers, err := r.s.flows.Introspect(r.ctx, &flows.IntrospectRequest{Client: client, Tokens: tokens})
	if err != nil {
		return err
	}
	dst := append(r.body(), `{"results":[`...)
	for i := range answers {
		r.noteIntrospection(&answers[i])
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendIntrospection(dst, &answers[i])
	}
	r.sendJSON(200, append(dst, `]}`...))
	return nil
}

// noteIntrospection notes one answer for the log and the counters.
func (r *request) noteIntrospection(a *flows.Introspection) {
	switch {
	case !a.Active:
		r.record.inactive = r.record.inactive || !a.Expired
	case a.TokenType != "": // the claims of refresh tokens are never remembered
		r.s.metrics.claims.count(r.lane, a.Recalled)
	}
}

var errNoBatch = oauth.InvalidRequest("the body must be a JSON object with one member, tokens: an array of 1 to 100 strings")

// batch reads {"tokens":["…"]}: 1 to 100 of them, all strings, and no other member.
// Unknown and repeated members, wrong types and anything after the object are errors.
func (r *request) batch() ([]string, error) {
	var body struct {
		Tokens []*string `json:"tokens"`
	}
	text, err := r.jsonBody()
	if err != nil {
		return nil, err
	}
	if decodeJSON(text, &body) != nil || len(body.Tokens) == 0 || len(body.Tokens) > maxBatch {
		return nil, errNoBatch
	}
	tokens := make([]string, len(body.Tokens))
	for i, tok := range body.Tokens {
		if tok == nil || *tok == "" || len(*tok) > maxTokenLength {
			return nil, errNoBatch
		}
		tokens[i] = *tok
	}
	return tokens, nil
}

// jsonBody returns the body of a request that calls it JSON.
func (r *request) jsonBody() ([]byte, error) {
	if r.head.contentEncoded {
		return nil, oauth.NewError(oauth.CodeUnsupportedType, "content encodings are not supported")
	}
	if r.head.contentTypes != 1 || !isJSONType(r.http.Request.Header.ContentType()) {
		return nil, oauth.NewError(oauth.CodeUnsupportedType, "content type must be application/json")
	}
	return r.http.PostBody(), nil
}

// errNoObject: the body is JSON, but nothing that could have members.
var errNoObject = errors.New("null in place of an object")

// decodeJSON reads the object that a body must be. The decoder alone would take null for one
// without members.
func decodeJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v, json.RejectUnknownMembers(true))
	if err == nil && !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return errNoObject
	}
	return err
}

// isJSONType reports whether a content type is JSON, in UTF-8, which is all JSON there is.
func isJSONType(value []byte) bool { return isMediaType(value, "application/json") }

// appendIntrospection appends the body of RFC 7662 2.2.
func appendIntrospection(dst []byte, a *flows.Introspection) []byte {
	o := newObject(dst)
	o.introspection(a)
	return o.end()
}

// introspection appends the members of RFC 7662 2.2; of what is not active, nothing else.
func (o *object) introspection(a *flows.Introspection) {
	o.bool("active", a.Active)
	if !a.Active {
		return
	}
	o.string("scope", a.Scope)
	o.string("client_id", a.ClientID)
	o.string("username", a.Username)
	o.string("token_type", a.TokenType)
	o.string("token_use", a.TokenUse)
	o.int("exp", a.Expires)
	o.int("iat", a.IssuedAt)
	o.string("sub", a.Subject)
	o.string("aud", a.Audience)
	o.string("iss", a.Issuer)
	o.string("jti", a.TokenID)
	o.string("sid", a.SessionID)
}
