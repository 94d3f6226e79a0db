package server

import (
	"tollgate/flows"
	"tollgate/flows/oauth"
)

// tokenBody names a token in a body: in a path or query it would end in logs.
type tokenBody struct {
	Token string `json:"token"`
}

func (r *request) readToken() (string, error) {
	var body tokenBody
	if err := r.readMembers(&body); err != nil {
		return "", err
	}
	if body.Token == "" {
		return "", oauth.InvalidRequest("token is missing")
	}
	return body.Token, nil
}

// adminInspectToken says what a token is, and why where it is not active.
func adminInspectToken(r *request) error {
	tok, err := r.readToken()
	if err != nil {
		return err
	}
	info, err := r.s.flows.InspectToken(r.ctx, tok)
	if err != nil {
		return err
	}
	r.sendJSON(200, appendTokenInfo(r.body(), info))
	return nil
}

// ViewToken is what an administrator may know of a token, as JSON in the words of RFC 7662 2.2.
func ViewToken(info *flows.TokenInfo) []byte { return appendTokenInfo(nil, info) }

func appendTokenInfo(dst []byte, info *flows.TokenInfo) []byte {
	o := newObject(dst)
	o.introspection(&info.Introspection)
	o.string("problem", info.Problem)
	return o.end()
}

// adminRevokeToken ends a token, whoever holds it.
func adminRevokeToken(r *request) error {
	tok, err := r.readToken()
	if err != nil {
		return err
	}
	if err := r.s.flows.RevokeAnyToken(r.ctx, tok); err != nil {
		return err
	}
	return r.noContent()
}
