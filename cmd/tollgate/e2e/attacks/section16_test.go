//go:build attacks

package attacks

var raceRows = []*row{
	{id: 399, sent: "100 callers with one code", want: "one success", apart: true},
	{id: 401, sent: "100 callers with one device code", want: "one success", waits: "the device grant"},
	{id: 402, sent: "100 callers with one PAR `request_uri`", want: "one success", waits: "pushed authorization requests"},
	{id: 403, sent: "100 callers with one client assertion", want: "one success", waits: "`private_key_jwt`"},
	{id: 404, sent: "100 callers with one DPoP proof", want: "one success", waits: "DPoP"},
	{id: 405, sent: "100 answers to one consent form", want: "one code", apart: true},
	{id: 406, sent: "100 approvals of one user code", want: "one success", waits: "the device grant"},
	{id: 407, sent: "a client's deletion against its tokens", want: "no active token after the deletion", apart: true},
	{id: 408, sent: "/revoke against refresh against /validate", want: "no active token after the revocation", apart: true},
	{id: 409, sent: "key rotation by two nodes", want: "one new key", apart: true},
	{id: 410, sent: "a user's end against logins", want: "no session after the end", apart: true},
}
