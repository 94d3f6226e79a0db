//go:build attacks

package attacks

import (
	"bytes"
	"maps"
	"slices"

	"tollgate/cmd/tollgate/e2e"
)

var timingRows = []*row{
	{id: 393, sent: "clients that exist and clients that do not", want: "times that tell at most 55 % of them apart", apart: siege},
	{id: 394, sent: "users that exist, that do not, that are locked", want: "times that tell at most 55 % of them apart", apart: siege},
	{id: 396, sent: "tokens that are well-formed and unknown, and revoked ones, to /introspect", want: "times that tell at most 55 % of them apart", apart: siege},
	{id: 397, sent: "a wrong `redirect_uri`, an unknown client", want: "pages that cannot be told apart", try: samePages},
	{id: 398, sent: "a login while another's password is being hashed", want: "no faster than alone", apart: siege},
}

func samePages(x *trial) {
	wrong, _ := x.authorize(x.web, "redirect_uri", "https://evil.example/cb")
	unknown, _ := x.authorize(e2e.App{ID: "nobody", RedirectURI: x.web.RedirectURI, Scope: x.web.Scope})
	both, _ := x.authorize(e2e.App{ID: "nobody", RedirectURI: "https://evil.example/cb", Scope: x.web.Scope})
	disabled := map[string]any{"client_id": "d-" + e2e.Random()[:16], "grant_types": []string{"authorization_code"}, "scope": "openid", "redirect_uris": []string{appCallback}}
	app := x.node.AddApp(x, disabled)
	disabled["disabled"] = true
	x.node.PutClient(disabled).Want(x, 200)
	ended, _ := x.authorize(app)
	x.page(wrong, 400)
	for _, a := range []answer{unknown, both, ended} {
		if a.Status != wrong.Status || !bytes.Equal(pageOf(a), pageOf(wrong)) || !slices.Equal(names(a), names(wrong)) {
			x.Errorf("%d with %v, and %d with %v: %s", a.Status, a.Header, wrong.Status, wrong.Header, pageOf(a))
		}
	}
}

// pageOf is an answer's body, less the request's id, which people may tell us.
func pageOf(a answer) []byte {
	return bytes.ReplaceAll(a.Body, []byte(a.Header.Get("X-Request-Id")), nil)
}

// names are those of an answer's headers.
func names(a answer) []string { return slices.Sorted(maps.Keys(a.Header)) }
