package server

import "tollgate/flows"

// serveToken is the token endpoint (RFC 6749 3.2).
func serveToken(r *request) error {
	f, err := r.bodyForm()
	if err != nil {
		return err
	}
	client, err := r.clientCredentials(f)
	if err != nil {
		return err
	}
	asked := &flows.TokenRequest{
		Client:       client,
		GrantType:    f.get("grant_type"),
		Scope:        f.get("scope"),
		Code:         f.get("code"),
		RedirectURI:  f.get("redirect_uri"),
		Verifier:     f.get("code_verifier"),
		RefreshToken: f.get("refresh_token"),
		Resource:     f.get("resource"),
	}
	answer, err := r.s.flows.Token(r.ctx, asked)
	r.about(asked.Client.Named)
	if err != nil {
		return err
	}
	r.s.metrics.issuedFor(answer.Grant)
	r.sendJSON(200, appendTokenAnswer(r.body(), answer))
	return nil
}

// appendTokenAnswer appends the body of RFC 6749 5.1, id_token as in OIDC Core 3.1.3.3.
func appendTokenAnswer(dst []byte, a *flows.TokenAnswer) []byte {
	o := newObject(dst)
	o.plain("access_token", a.AccessToken)
	o.plain("token_type", "Bearer")
	o.int("expires_in", a.ExpiresIn)
	o.plain("refresh_token", a.RefreshToken)
	o.plain("id_token", a.IDToken)
	o.string("scope", a.Scope)
	return o.end()
}
