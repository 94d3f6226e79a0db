package storetest

import (
	"fmt"
	"testing"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func user(subject, username string) *oauth.User {
	return &oauth.User{
		Subject: subject, Username: username, PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
		Name: "Alice Liddell", GivenName: "Alice", FamilyName: "Liddell", Email: "alice@example.com",
		EmailVerified: true, CreatedAt: now(), UpdatedAt: now(),
	}
}

var users = []test{
	{"a user is found by both names, as version 1", func(t *testing.T, s store.Store) {
		u := user("usr_1", "alice")
		ok(t, s.CreateUser(ctx, u))
		same(t, u.Version, int64(0))
		want := u.Clone()
		want.Version = 1
		got, err := s.GetUser(ctx, "usr_1")
		ok(t, err)
		same(t, got, want)
		got, err = s.FindUser(ctx, "alice")
		ok(t, err)
		same(t, got, want)
	}},
	{"no user is ErrAbsent, and usernames are compared byte for byte", func(t *testing.T, s store.Store) {
		ok(t, s.CreateUser(ctx, user("usr_1", "alice")))
		for _, username := range []string{"Alice", "alice ", "alicé", "usr_1", ""} {
			_, err := s.FindUser(ctx, username)
			says(t, err, store.ErrAbsent)
		}
		_, err := s.GetUser(ctx, "alice")
		says(t, err, store.ErrAbsent)
		says(t, s.UpdateUser(ctx, user("usr_2", "bob")), store.ErrAbsent)
		says(t, s.DeleteUser(ctx, "usr_2"), store.ErrAbsent)
	}},
	{"a taken username is ErrExists", func(t *testing.T, s store.Store) {
		ok(t, s.CreateUser(ctx, user("usr_1", "alice")))
		says(t, s.CreateUser(ctx, user("usr_2", "alice")), store.ErrExists)
		_, err := s.GetUser(ctx, "usr_2")
		says(t, err, store.ErrAbsent)
		says(t, s.CreateUser(ctx, user("usr_1", "alice")), store.ErrExists)
		got, err := s.FindUser(ctx, "alice")
		ok(t, err)
		same(t, got.Subject, "usr_1")
	}},
	{"a taken subject is ErrExists, and the username stays free", func(t *testing.T, s store.Store) {
		ok(t, s.CreateUser(ctx, user("usr_1", "alice")))
		says(t, s.CreateUser(ctx, user("usr_1", "bob")), store.ErrExists)
		_, err := s.FindUser(ctx, "bob")
		says(t, err, store.ErrAbsent)
		ok(t, s.CreateUser(ctx, user("usr_2", "bob")))
	}},
	{"an update replaces the version it knows, under both names", func(t *testing.T, s store.Store) {
		ok(t, s.CreateUser(ctx, user("usr_1", "alice")))
		u := user("usr_1", "alice")
		u.Version, u.Disabled = 1, true
		ok(t, s.UpdateUser(ctx, u))
		same(t, u.Version, int64(1))
		says(t, s.UpdateUser(ctx, u), store.ErrVersion)
		u.Version = 2
		got, err := s.GetUser(ctx, "usr_1")
		ok(t, err)
		same(t, got, u)
		got, err = s.FindUser(ctx, "alice")
		ok(t, err)
		same(t, got, u)
	}},
	{"a username cannot be changed", func(t *testing.T, s store.Store) {
		ok(t, s.CreateUser(ctx, user("usr_1", "alice")))
		u := user("usr_1", "bob")
		u.Version = 1
		says(t, s.UpdateUser(ctx, u), store.ErrAbsent)
		got, err := s.GetUser(ctx, "usr_1")
		ok(t, err)
		same(t, got.Username, "alice")
	}},
	{"a deleted user is gone under both names, which are free", func(t *testing.T, s store.Store) {
		ok(t, s.CreateUser(ctx, user("usr_1", "alice")))
		ok(t, s.DeleteUser(ctx, "usr_1"))
		_, err := s.GetUser(ctx, "usr_1")
		says(t, err, store.ErrAbsent)
		_, err = s.FindUser(ctx, "alice")
		says(t, err, store.ErrAbsent)
		ok(t, s.CreateUser(ctx, user("usr_2", "alice")))
		list, _, err := s.ListUsers(ctx, store.Page{Limit: 10})
		ok(t, err)
		same(t, len(list), 1)
		same(t, list[0].Subject, "usr_2")
	}},
	{"of 32 racing creations of one username one wins", func(t *testing.T, s store.Store) {
		winner := oneWins(t, race(func(i int) error {
			return s.CreateUser(ctx, user(fmt.Sprint("usr_", i), "alice"))
		}), store.ErrExists)
		got, err := s.FindUser(ctx, "alice")
		ok(t, err)
		same(t, got.Subject, fmt.Sprint("usr_", winner))
		list, _, err := s.ListUsers(ctx, store.Page{Limit: 100})
		ok(t, err)
		same(t, len(list), 1)
	}},
	{"of 32 racing creations of one subject one wins, and the other names are free", func(t *testing.T, s store.Store) {
		winner := oneWins(t, race(func(i int) error {
			return s.CreateUser(ctx, user("usr_1", fmt.Sprint("u", i)))
		}), store.ErrExists)
		for i := range racers {
			if i != winner {
				ok(t, s.CreateUser(ctx, user(fmt.Sprint("usr_new", i), fmt.Sprint("u", i))))
			}
		}
	}},
	{"of 32 racing creations of one user one wins", func(t *testing.T, s store.Store) {
		oneWins(t, race(func(int) error { return s.CreateUser(ctx, user("usr_1", "alice")) }), store.ErrExists)
		got, err := s.FindUser(ctx, "alice")
		ok(t, err)
		same(t, got.Subject, "usr_1")
	}},
	{"of 32 racing updates one wins", func(t *testing.T, s store.Store) {
		ok(t, s.CreateUser(ctx, user("usr_1", "alice")))
		winner := oneWins(t, race(func(i int) error {
			u := user("usr_1", "alice")
			u.Version, u.Name = 1, fmt.Sprint(i)
			return s.UpdateUser(ctx, u)
		}), store.ErrVersion)
		got, err := s.GetUser(ctx, "usr_1")
		ok(t, err)
		same(t, got.Name, fmt.Sprint(winner))
	}},
	{"a listing is ordered by username, piece by piece, each user once", func(t *testing.T, s store.Store) {
		for i, username := range []string{"b", "a", "é", "B", "aa", "a\x00b"} {
			ok(t, s.CreateUser(ctx, user(fmt.Sprint("usr_", i), username)))
		}
		for _, limit := range []int{1, 2, 6, 1000} {
			var names []string
			walk(t, limit, func(p store.Page) (int, string, error) {
				list, next, err := s.ListUsers(ctx, p)
				for _, u := range list {
					names = append(names, u.Username)
				}
				return len(list), next, err
			})
			same(t, names, []string{"B", "a", "a\x00b", "aa", "b", "é"})
		}
		_, _, err := s.ListUsers(ctx, store.Page{Cursor: "*", Limit: 2})
		says(t, err, store.ErrCursor)
	}},
}
