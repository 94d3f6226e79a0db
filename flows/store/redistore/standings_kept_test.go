package redistore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/store/redistore"
)

// standingGrant is a grant that stands, with everything that it hangs on made by a node.
func standingGrant(t *testing.T, s *redistore.Store, n int) *oauth.Grant {
	t.Helper()
	at := time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond)
	g := &oauth.Grant{ID: ref().Grant, ClientID: fmt.Sprint("app", n), Subject: fmt.Sprint("usr", n), SessionID: fmt.Sprint("sid", n),
		Scope: oauth.Scope{"a"}, AuthTime: at, CreatedAt: at, ClientGeneration: "c", UserGeneration: "u"}
	for _, err := range []error{
		s.CreateClient(t.Context(), &oauth.Client{ID: g.ClientID, Generation: "c"}),
		s.CreateUser(t.Context(), &oauth.User{Subject: g.Subject, Username: g.Subject, Generation: "u"}),
		s.AddConsent(t.Context(), &store.Consent{Subject: g.Subject, ClientID: g.ClientID, Scope: g.Scope, GrantedAt: at}, time.Time{}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return g
}

var errFell = errors.New("stands no more")

// standing is nil while a grant stands as it did when it was given, and errFell afterwards.
func standing(t *testing.T, s *redistore.Store, g *oauth.Grant) error {
	now, err := s.GetStanding(t.Context(), g)
	switch {
	case err != nil:
		return err
	case now.Revoked, now.Client == nil, now.Client.Generation != "c", now.User == nil, now.User.Generation != "u", now.Consent == nil, now.Epoch != "e":
		return errFell
	}
	return nil
}

// endings are all ways in which a grant falls that no script of its own tells of.
func endings(t *testing.T, s *redistore.Store) map[string]func(*oauth.Grant) error {
	ctx, end := t.Context(), time.Now().Add(time.Minute)
	return map[string]func(*oauth.Grant) error{
		"the client changes": func(g *oauth.Grant) error {
			return s.UpdateClient(ctx, &oauth.Client{ID: g.ClientID, Version: 1, Generation: "c2"})
		},
		"the user changes": func(g *oauth.Grant) error {
			return s.UpdateUser(ctx, &oauth.User{Subject: g.Subject, Username: g.Subject, Version: 1, Generation: "u2"})
		},
		"the client is deleted":    func(g *oauth.Grant) error { return s.DeleteClient(ctx, g.ClientID) },
		"the user is deleted":      func(g *oauth.Grant) error { return s.DeleteUser(ctx, g.Subject) },
		"the consent is withdrawn": func(g *oauth.Grant) error { return s.DeleteConsent(ctx, g.Subject, g.ClientID) },
		"the session ends":         func(g *oauth.Grant) error { return s.RevokeSession(ctx, g.SessionID, end) },
		"the client is cut off":    func(g *oauth.Grant) error { return s.RevokeClient(ctx, g.ClientID, time.Now(), end) },
		"the subject is cut off":   func(g *oauth.Grant) error { return s.RevokeSubject(ctx, g.Subject, time.Now(), end) },
	}
}

func TestStanding_ThatIsKeptCostsRedisNothing(t *testing.T) {
	server, a, b := nodes(t)
	g := standingGrant(t, a, 0)
	time.Sleep(50 * time.Millisecond) // and the news of it
	ask := func() {
		if err := standing(t, b, g); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	server.Text(t, "CONFIG", "RESETSTAT")
	for range 1000 {
		ask()
	}
	for line := range strings.Lines(server.Text(t, "INFO", "commandstats")) {
		name, _, _ := strings.Cut(line, ":")
		switch name, ours := strings.CutPrefix(name, "cmdstat_"); {
		case !ours, name == "ping", name == "info", name == "config|resetstat": // proof of life, and this test
		default:
			t.Errorf("1000 hits cost %s", line)
		}
	}
}

// While one node ends grants, another asks without end: it notices each, and takes none back.
func TestStanding_ThatIsKeptFallsWithTheNewsAndForGood(t *testing.T) {
	_, a, b := nodes(t)
	n := 0
	for name, end := range endings(t, a) {
		t.Run(name, func(t *testing.T) {
			for range 10 {
				n++
				g := standingGrant(t, a, n)
				until(t, nil, 3*time.Second, func() error { return standing(t, b, g) })
				var fallen atomic.Bool
				var group sync.WaitGroup
				for range 3 {
					group.Go(func() {
						for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); {
							known := fallen.Load()
							switch err := standing(t, b, g); {
							case err == nil && known:
								t.Error("stands after it fell")
								return
							case err != nil && err != errFell:
								t.Error(err)
								return
							case err != nil && known:
								return
							case err != nil:
								fallen.Store(true)
							}
						}
						t.Error("never fell")
					})
				}
				if err := end(g); err != nil {
					t.Error(err)
				}
				if err := standing(t, a, g); err != errFell {
					t.Errorf("on the node that ended it: %v", err)
				}
				group.Wait()
			}
		})
	}
}

// The connection that would bring the news is lost again and again: what came by it is not believed
// behind the next.
func TestStanding_ThatIsKeptFallsWithItsConnection(t *testing.T) {
	server, a, b := nodes(t)
	for i := range 100 {
		g := standingGrant(t, a, i)
		until(t, nil, 3*time.Second, func() error { return standing(t, b, g) })
		server.Do("CLIENT", "KILL", "USER", "b")
		if err := a.DeleteConsent(t.Context(), g.Subject, g.ClientID); err != nil {
			t.Fatal(err)
		}
		until(t, nil, 3*time.Second, func() error { _, err := b.Ping(t.Context()); return err }) // a reply by the next one
		if err := standing(t, b, g); err == nil {
			t.Fatalf("round %d: believed behind a new connection", i)
		}
	}
}
