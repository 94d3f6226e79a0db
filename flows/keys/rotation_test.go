package keys

import (
	"fmt"
	"testing"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func TestStates_ThereIsOneActiveKeyPerAlgorithm(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ago, ahead := now.Add(-time.Hour), now.Add(time.Hour)
	es := func(active, retired, remove time.Time) store.SigningKey {
		return store.SigningKey{Alg: oauth.ES256, ActiveAt: active, RetiredAt: retired, RemoveAt: remove}
	}
	none := time.Time{}
	for name, c := range map[string]struct {
		keys []store.SigningKey
		want string
	}{
		"one":                           {[]store.SigningKey{es(ago, none, none)}, "[active]"},
		"from its very moment":          {[]store.SigningKey{es(now, none, none)}, "[active]"},
		"until its very moment":         {[]store.SigningKey{es(ago, now, ahead), es(now, none, none)}, "[retired active]"},
		"gone at its very moment":       {[]store.SigningKey{es(ago, ago, now), es(ago, none, none)}, "[gone active]"},
		"two: the later one":            {[]store.SigningKey{es(ago, none, none), es(now, none, none)}, "[retired active]"},
		"two: the later one, reordered": {[]store.SigningKey{es(now, none, none), es(ago, none, none)}, "[active retired]"},
		"none yet: the first to come":   {[]store.SigningKey{es(ahead, none, none), es(ahead.Add(1), none, none)}, "[active next]"},
	} {
		if got := fmt.Sprint(statesAt(&store.KeySet{Keys: c.keys}, now)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestDue_NeverWithoutAnInterval(t *testing.T) {
	ks := &store.KeySet{Keys: []store.SigningKey{{Alg: oauth.ES256, ActiveAt: time.Unix(1, 0)}}}
	now := time.Now()
	if got := due(ks, now, 0, time.Hour); got != nil {
		t.Errorf("due %v", got)
	}
	if got := due(ks, now, time.Hour, time.Minute); len(got) != 1 {
		t.Errorf("due %v, want ES256", got)
	}
	ks.Keys[0].RetiredAt = now.Add(time.Hour) // its successor waits already
	if got := due(ks, now, time.Hour, time.Minute); got != nil {
		t.Errorf("due %v", got)
	}
}
