package server

import "tollgate/flows"

// serveRevoke is the revocation endpoint (RFC 7009 2). It answers 200 only once the token is dead
// everywhere; what cannot be known is 503 (2.2.1).
func serveRevoke(r *request) error {
	f, err := r.bodyForm()
	if err != nil {
		return err
	}
	client, err := r.clientCredentials(f)
	if err != nil {
		return err
	}
	asked := &flows.RevokeRequest{Client: client, Token: f.get("token")}
	err = r.s.flows.Revoke(r.ctx, asked)
	r.about(asked.Client.Named)
	if err != nil {
		return err
	}
	r.http.Response.SetStatusCode(200)
	return nil
}
