package storetest

import (
	"slices"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// familyOf stores a family that ends in the given time.
func familyOf(t *testing.T, s store.Store, subject, clientID string, life time.Duration) oauth.GrantID {
	t.Helper()
	f := &store.Family{Grant: grant(), Current: hash("token 0"), ExpiresAt: now().Add(life)}
	f.Grant.Subject, f.Grant.ClientID = subject, clientID
	return begin(t, s, f).Grant.ID
}

// listAll reads a whole listing in pieces.
func listAll(t *testing.T, s store.Store, subject, clientID string, limit int) (ids []oauth.GrantID) {
	t.Helper()
	walk(t, limit, func(p store.Page) (int, string, error) {
		list, next, err := s.ListFamilies(ctx, subject, clientID, p)
		for _, f := range list {
			ids = append(ids, f.Grant.ID)
		}
		return len(list), next, err
	})
	return ids
}

var familyListing = []test{
	{"families are listed whole, as rotation left them", func(t *testing.T, s store.Store) {
		f := newFamily(t, s, minute)
		want, _, err := s.Rotate(ctx, rotation(f, 0))
		ok(t, err)
		list, next, err := s.ListFamilies(ctx, f.Grant.Subject, "", store.Page{Limit: 10})
		ok(t, err)
		same(t, next, "")
		same(t, list, []*store.Family{want})
	}},
	{"of a subject, of a client, or of both; newest first", func(t *testing.T, s store.Store) {
		a := familyOf(t, s, "usr_1", "app", minute)
		b := familyOf(t, s, "usr_1", "web", minute+time.Second)
		c := familyOf(t, s, "usr_2", "app", minute+2*time.Second)
		for _, limit := range []int{1, 2, 100} {
			same(t, listAll(t, s, "usr_1", "", limit), []oauth.GrantID{b, a})
			same(t, listAll(t, s, "", "app", limit), []oauth.GrantID{c, a})
			same(t, listAll(t, s, "usr_1", "app", limit), []oauth.GrantID{a})
			same(t, len(listAll(t, s, "usr_3", "", limit)), 0)
			same(t, len(listAll(t, s, "usr_2", "web", limit)), 0)
		}
	}},
	{"families of one millisecond are each listed once", func(t *testing.T, s store.Store) {
		want := map[oauth.GrantID]bool{}
		end := now().Add(minute)
		for i := range 300 {
			f := begin(t, s, &store.Family{Grant: grant(), ExpiresAt: end.Add(time.Duration(i%2) * time.Millisecond)})
			want[f.Grant.ID] = true
		}
		for _, limit := range []int{1, 7, 300} {
			ids := listAll(t, s, "usr_1", "", limit)
			same(t, len(ids), len(want))
			for _, id := range ids {
				if !want[id] {
					t.Fatalf("limit %d: %s is listed twice, or is another's", limit, id)
				}
				delete(want, id)
			}
			for _, id := range ids {
				want[id] = true
			}
		}
	}},
	{"what ended or is over is not listed", func(t *testing.T, s store.Store) {
		ended := familyOf(t, s, "usr_1", "app", minute)
		ok(t, s.RevokeGrant(ctx, ended, now().Add(minute)))
		live := familyOf(t, s, "usr_1", "app", minute)
		end := now().Add(soon) // not later than the family's own
		over := familyOf(t, s, "usr_1", "app", soon)
		same(t, listAll(t, s, "usr_1", "", 10), []oauth.GrantID{live, over})
		goes(t, end, store.ErrAbsent, func() error {
			if !slices.Contains(listAll(t, s, "", "app", 10), over) {
				return store.ErrAbsent
			}
			return nil
		})
		same(t, listAll(t, s, "usr_1", "", 10), []oauth.GrantID{live})
	}},
	{"nobody given is an error; row 372: so is a cursor that no listing gave", func(t *testing.T, s store.Store) {
		_, _, err := s.ListFamilies(ctx, "", "", store.Page{Limit: 1})
		isOutage(t, err)
		for _, cursor := range []string{"*", "AAAA", store.MakeCursor("0123456789abcdex" + string(grantID()))} {
			_, _, err := s.ListFamilies(ctx, "usr_1", "", store.Page{Cursor: cursor, Limit: 1})
			says(t, err, store.ErrCursor)
		}
	}},
}
