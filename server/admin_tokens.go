package server

import "tollgate/flows/oauth"

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
	o := newObject(r.body())
	o.introspection(&info.Introspection)
	o.string("problem", info.Problem)
	r.sendJSON(200, o.end())
	return nil
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
