//go:build attacks

package attacks

import (
	"sync"

	"tollgate/cmd/tollgate/e2e"
)

var raceRows = []*row{
	{id: 399, sent: "100 callers with one code", want: "one success", apart: "`make faults` (R4 in [RELIABILITY.md](RELIABILITY.md))"},
	{id: 401, sent: "100 callers with one device code", want: "one success", waits: deviceGrant},
	{id: 402, sent: "100 callers with one PAR `request_uri`", want: "one success", waits: "pushed authorization requests"},
	{id: 403, sent: "100 callers with one client assertion", want: "one success", waits: assertions},
	{id: 404, sent: "100 callers with one DPoP proof", want: "one success", waits: "DPoP"},
	{id: 405, sent: "100 answers to one consent form", want: "one code", apart: siege},
	{id: 406, sent: "100 approvals of one user code", want: "one success", waits: deviceGrant},
	{id: 407, sent: "a client's deletion while 20 callers get and check tokens on every node, 20 times", want: "no token, and no active one, after the deletion", try: deletedClientRace},
	{id: 408, sent: "/revoke against refresh against /validate", want: "no active token after the revocation", apart: siege},
	{id: 409, sent: "key rotation by two nodes", want: "one new key", apart: siege},
	{id: 410, sent: "a user's end against logins", want: "no session after the end", apart: siege},
}

func deletedClientRace(x *trial) {
	const rounds, callers, tokensEach = 20, 20, 4
	for range rounds {
		app := x.node.AddApp(x, map[string]any{"client_id": "c-" + e2e.Random()[:16], "grant_types": []string{"client_credentials"}, "scope": "orders:read"})
		var mu sync.Mutex
		var issued []string
		var all sync.WaitGroup
		nodes := x.everywhere()
		for i := range callers {
			all.Go(func() {
				n := nodes[i%len(nodes)]
				for range tokensEach {
					t := n.ClientCredentials(app)
					n.Validate(t.Access, "")
					mu.Lock()
					if issued = append(issued, t.Access); t.Status != 200 {
						issued = issued[:len(issued)-1]
					}
					mu.Unlock()
				}
			})
		}
		x.node.Admin("DELETE", "/clients/"+app.ID, nil).Want(x, 204)
		all.Wait()
		x.gone(issued...)
		x.unknownClient(x.saw(x.node.ClientCredentials(app).Answer), true)
	}
	x.note("%d races", rounds)
}
