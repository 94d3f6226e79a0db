//go:build attacks

package attacks

var timingRows = []*row{
	{id: 393, sent: "clients that exist and clients that do not", want: "times that tell at most 55 % of them apart", apart: true},
	{id: 394, sent: "users that exist, that do not, that are locked", want: "times that tell at most 55 % of them apart", apart: true},
	{id: 396, sent: "tokens that are well-formed and unknown, and revoked ones, to /introspect", want: "times that tell at most 55 % of them apart", apart: true},
	{id: 397, sent: "a wrong `redirect_uri`, an unknown client", want: "pages that cannot be told apart", apart: true},
	{id: 398, sent: "a login while another's password is being hashed", want: "no faster than alone", apart: true},
}
