package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

const (
	racers = 32
	soon   = 500 * time.Millisecond // a life that a test can wait for, and a busy machine does not use up before it is looked at
	minute = time.Minute
)

var ctx = context.Background()

// Run tries every sentence of the contract on the stores that open makes: each time an empty
// one, which open closes when the test ends. Tests run in parallel.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	groups := []struct {
		name  string
		tests []test
	}{
		{"Clients", clients},
		{"Origins", origins},
		{"Users", users},
		{"Sessions", sessions},
		{"Interactions", interactions},
		{"Consents", consents},
		{"Codes", codes},
		{"Families", families},
		{"FamilyListing", familyListing},
		{"Standing", standing},
		{"Revocations", revocations},
		{"Generations", generations},
		{"SigningKeys", signingKeys},
		{"Leases", leases},
		{"Events", events},
		{"Names", names},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, test := range g.tests {
				t.Run(test.sentence, func(t *testing.T) {
					t.Parallel() // most of the time they wait
					test.try(t, open(t))
				})
			}
		})
	}
}

// test is one sentence of the contract.
type test struct {
	sentence string
	try      func(t *testing.T, s store.Store)
}

// now is a moment as records keep it: UTC, in milliseconds.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func hash(handle string) store.Hash { return sha256.Sum256([]byte(handle)) }

func grantID() oauth.GrantID {
	raw := make([]byte, 16)
	rand.Read(raw)
	return oauth.GrantID(base64.RawURLEncoding.EncodeToString(raw))
}

// tokenID makes a jti of a grant (oauth.TokenID).
func tokenID(g oauth.GrantID) oauth.TokenID {
	raw, _ := base64.RawURLEncoding.DecodeString(string(g))
	rest := make([]byte, 16)
	rand.Read(rest)
	return oauth.TokenID(base64.RawURLEncoding.EncodeToString(append(raw, rest...)))
}

// grant is one with every field filled.
func grant() oauth.Grant {
	return oauth.Grant{
		ID: grantID(), ClientID: "app", Subject: "usr_1", Username: "alice",
		Scope: oauth.Scope{"openid", "orders:read"}, Audience: "https://api.example",
		SessionID: "sid-1", AuthTime: now(), Nonce: "n-0S6", CreatedAt: now(),
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected: %v", err)
	}
}

// says checks for one answer, and that it is the only one.
func says(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func same[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// isOutage checks for an error that is none of the contract's answers.
func isOutage(t *testing.T, err error) {
	t.Helper()
	if err == nil || store.IsDecision(err) || errors.Is(err, store.ErrReset) {
		t.Fatalf("got %v, want an outage", err)
	}
}

// race lets racers loose at the same instant and returns what each was told.
func race(try func(racer int) error) []error {
	answers := make([]error, racers)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(racers)
	for i := range racers {
		done.Go(func() {
			ready.Done()
			<-start
			answers[i] = try(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return answers
}

// oneWins checks that exactly one racer succeeded, every other was told lost, and returns the
// winner.
func oneWins(t *testing.T, answers []error, lost error) (winner int) {
	t.Helper()
	winner = -1
	for i, err := range answers {
		switch {
		case err == nil && winner >= 0:
			t.Fatalf("racers %d and %d both won", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, lost):
			t.Fatalf("racer %d was told %v, want %v", i, err, lost)
		}
	}
	if winner < 0 {
		t.Fatal("no racer won")
	}
	return winner
}

// goes waits until ask says gone, and fails if it does so before the moment or long after it.
func goes(t *testing.T, at time.Time, gone error, ask func() error) {
	t.Helper()
	for {
		asked := time.Now()
		err := ask()
		switch {
		case errors.Is(err, gone):
			// 2 ms: a length of time is rounded to one, and passed on by another clock.
			if asked.Before(at.Add(-2*time.Millisecond)) && time.Now().Before(at.Add(-2*time.Millisecond)) {
				t.Fatalf("gone %v too early", time.Until(at))
			}
			return
		case err != nil:
			t.Fatalf("unexpected: %v", err)
		case asked.After(at.Add(time.Second)):
			t.Fatal("still there a second after its time")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
