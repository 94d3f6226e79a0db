package storetest

import (
	"fmt"
	"sync"
	"testing"

	"tollgate/flows/store"
)

const (
	page      = "https://app.example"
	otherPage = "https://other.example"
)

func hasOrigin(t *testing.T, s store.Store, origin string, want bool) {
	t.Helper()
	got, err := s.HasOrigin(ctx, origin)
	ok(t, err)
	if got != want {
		t.Errorf("HasOrigin(%s) = %v, want %v", origin, got, want)
	}
}

// register stores a client whose pages have these origins.
func register(t *testing.T, s store.Store, id string, origins ...string) {
	t.Helper()
	c := client(id)
	c.AllowedOrigins = origins
	ok(t, s.CreateClient(ctx, c))
}

// change gives a client other origins.
func change(t *testing.T, s store.Store, id string, origins ...string) {
	t.Helper()
	c, err := s.GetClient(store.Fresh(ctx), id)
	ok(t, err)
	c = c.Clone()
	c.AllowedOrigins = origins
	ok(t, s.UpdateClient(ctx, c))
}

var origins = []test{
	{"an origin is there from when a client registers it until the last one that does goes or changes", func(t *testing.T, s store.Store) {
		hasOrigin(t, s, page, false)
		register(t, s, "plain")
		hasOrigin(t, s, page, false)
		register(t, s, "a", page)
		hasOrigin(t, s, page, true)
		register(t, s, "b", page, otherPage, page) // twice is once
		ok(t, s.DeleteClient(ctx, "a"))
		hasOrigin(t, s, page, true)
		change(t, s, "b", otherPage)
		hasOrigin(t, s, page, false)
		hasOrigin(t, s, otherPage, true)
		change(t, s, "b")
		hasOrigin(t, s, otherPage, false)
		change(t, s, "plain", page)
		hasOrigin(t, s, page, true)
		ok(t, s.DeleteClient(ctx, "plain"))
		hasOrigin(t, s, page, false)
		register(t, s, "a", page) // again, as version 1
		hasOrigin(t, s, page, true)
	}},
	{"an origin is compared byte for byte", func(t *testing.T, s store.Store) {
		register(t, s, "a", page)
		for _, other := range []string{"", "null", "*", page + "/", page + ":443", "HTTPS://APP.EXAMPLE", page + ".evil.example", "https://app.exampl"} {
			hasOrigin(t, s, other, false)
		}
	}},
	{"an update that is refused changes no origin", func(t *testing.T, s store.Store) {
		register(t, s, "a", page)
		stale := client("a")
		stale.Version, stale.AllowedOrigins = 7, []string{otherPage}
		says(t, s.UpdateClient(ctx, stale), store.ErrVersion)
		again := client("a")
		again.AllowedOrigins = []string{otherPage}
		says(t, s.CreateClient(ctx, again), store.ErrExists)
		hasOrigin(t, s, page, true)
		hasOrigin(t, s, otherPage, false)
	}},
	{"of racing updates the one that stands last has its origins", func(t *testing.T, s store.Store) {
		register(t, s, "a", page)
		var all sync.WaitGroup
		for i := range racers {
			all.Go(func() {
				for range 100 {
					c, err := s.GetClient(store.Fresh(ctx), "a")
					ok(t, err)
					c = c.Clone()
					c.AllowedOrigins = []string{fmt.Sprintf("https://app-%d.example", i)}
					if err := s.UpdateClient(ctx, c); err != store.ErrVersion {
						ok(t, err)
						return
					}
				}
			})
		}
		all.Wait()
		last, err := s.GetClient(store.Fresh(ctx), "a")
		ok(t, err)
		for i := range racers {
			origin := fmt.Sprintf("https://app-%d.example", i)
			hasOrigin(t, s, origin, origin == last.AllowedOrigins[0])
		}
	}},
}
