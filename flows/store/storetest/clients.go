package storetest

import (
	"fmt"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func client(id string) *oauth.Client {
	return &oauth.Client{
		ID: id, Name: "App", SecretHash: []byte{0, 1, 255}, AuthMethod: oauth.AuthSecretBasic,
		GrantTypes:   []oauth.GrantType{oauth.GrantAuthorizationCode},
		RedirectURIs: []string{"https://app.example/cb?a=b&c=<d>"}, PostLogoutRedirectURIs: []string{"https://app.example/"},
		Scope: oauth.Scope{"openid"}, Audience: "https://api.example", SigningAlg: oauth.ES256, IntrospectAny: true,
		CreatedAt: now(), UpdatedAt: now(),
	}
}

var clients = []test{
	{"a client is returned as it was stored, as version 1", func(t *testing.T, s store.Store) {
		c := client("app")
		ok(t, s.CreateClient(ctx, c))
		same(t, c.Version, int64(0)) // what was handed in is not changed
		got, err := s.GetClient(ctx, "app")
		ok(t, err)
		want := c.Clone()
		want.Version = 1
		same(t, got, want)
	}},
	{"changing what was handed in changes nothing stored", func(t *testing.T, s store.Store) {
		c := client("app")
		ok(t, s.CreateClient(ctx, c))
		c.RedirectURIs[0] = "https://evil.example/"
		got, err := s.GetClient(ctx, "app")
		ok(t, err)
		same(t, got.RedirectURIs, client("app").RedirectURIs)
	}},
	{"no client is ErrAbsent", func(t *testing.T, s store.Store) {
		_, err := s.GetClient(ctx, "app")
		says(t, err, store.ErrAbsent)
		says(t, s.UpdateClient(ctx, client("app")), store.ErrAbsent)
		says(t, s.DeleteClient(ctx, "app"), store.ErrAbsent)
	}},
	{"a second client of that id is ErrExists", func(t *testing.T, s store.Store) {
		ok(t, s.CreateClient(ctx, client("app")))
		other := client("app")
		other.Name = "Other"
		says(t, s.CreateClient(ctx, other), store.ErrExists)
		got, err := s.GetClient(ctx, "app")
		ok(t, err)
		same(t, got.Name, "App")
	}},
	{"an update replaces the version it knows, and only that", func(t *testing.T, s store.Store) {
		ok(t, s.CreateClient(ctx, client("app")))
		c, err := s.GetClient(ctx, "app")
		ok(t, err)
		c = c.Clone()
		c.Name, c.Disabled = "New", true
		ok(t, s.UpdateClient(ctx, c))
		same(t, c.Version, int64(1))
		says(t, s.UpdateClient(ctx, c), store.ErrVersion)
		got, err := s.GetClient(ctx, "app")
		ok(t, err)
		c.Version = 2
		same(t, got, c)
	}},
	{"a deleted client is gone, and its id is free", func(t *testing.T, s store.Store) {
		ok(t, s.CreateClient(ctx, client("app")))
		ok(t, s.DeleteClient(ctx, "app"))
		_, err := s.GetClient(ctx, "app")
		says(t, err, store.ErrAbsent)
		list, _, err := s.ListClients(ctx, store.Page{Limit: 10})
		ok(t, err)
		same(t, len(list), 0)
		ok(t, s.CreateClient(ctx, client("app")))
		list, _, err = s.ListClients(ctx, store.Page{Limit: 10})
		ok(t, err)
		same(t, len(list), 1)
	}},
	{"of 32 racing creations one wins", func(t *testing.T, s store.Store) {
		winner := oneWins(t, race(func(i int) error {
			c := client("app")
			c.Name = fmt.Sprint(i)
			return s.CreateClient(ctx, c)
		}), store.ErrExists)
		got, err := s.GetClient(ctx, "app")
		ok(t, err)
		same(t, got.Name, fmt.Sprint(winner))
	}},
	{"of 32 racing updates one wins", func(t *testing.T, s store.Store) {
		ok(t, s.CreateClient(ctx, client("app")))
		winner := oneWins(t, race(func(i int) error {
			c := client("app")
			c.Version, c.Name = 1, fmt.Sprint(i)
			return s.UpdateClient(ctx, c)
		}), store.ErrVersion)
		got, err := s.GetClient(ctx, "app")
		ok(t, err)
		same(t, got.Name, fmt.Sprint(winner))
		same(t, got.Version, int64(2))
	}},
	{"a listing is ordered by id, piece by piece, each client once", func(t *testing.T, s store.Store) {
		for _, id := range []string{"b", "a", "a b", "é", "B", "aa", "c"} {
			ok(t, s.CreateClient(ctx, client(id)))
		}
		for _, limit := range []int{1, 2, 3, 7, 1000, 0} {
			var ids []string
			walk(t, limit, func(p store.Page) (int, string, error) {
				list, next, err := s.ListClients(ctx, p)
				for _, c := range list {
					ids = append(ids, c.ID)
				}
				return len(list), next, err
			})
			same(t, ids, []string{"B", "a", "a b", "aa", "b", "c", "é"})
		}
	}},
	{"a listing goes on where its last client was deleted", func(t *testing.T, s store.Store) {
		for _, id := range []string{"a", "b", "c"} {
			ok(t, s.CreateClient(ctx, client(id)))
		}
		_, next, err := s.ListClients(ctx, store.Page{Limit: 2})
		ok(t, err)
		ok(t, s.DeleteClient(ctx, "b"))
		list, next, err := s.ListClients(ctx, store.Page{Cursor: next, Limit: 2})
		ok(t, err)
		same(t, next, "")
		same(t, len(list), 1)
		same(t, list[0].ID, "c")
	}},
	{"row 372: a cursor that no listing gave is ErrCursor", func(t *testing.T, s store.Store) {
		_, _, err := s.ListClients(ctx, store.Page{Cursor: "*", Limit: 2})
		says(t, err, store.ErrCursor)
	}},
}

// walk reads a listing to its end.
func walk(t *testing.T, limit int, piece func(store.Page) (n int, next string, err error)) {
	t.Helper()
	p := store.Page{Limit: limit}
	for {
		n, next, err := piece(p)
		ok(t, err)
		if n > p.Size() {
			t.Fatalf("%d records, asked for %d", n, p.Size())
		}
		if next == "" {
			return
		}
		if n == 0 {
			t.Fatal("an empty piece that is not the last")
		}
		p.Cursor = next
	}
}
