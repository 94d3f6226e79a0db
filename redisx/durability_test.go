package redisx_test

import (
	"strings"
	"testing"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

func TestWeaknesses_NameWhatMayBeLost(t *testing.T) {
	for _, story := range []struct {
		name string
		args []string
		want []string
	}{
		{"keeps everything", []string{"--appendonly", "yes"}, nil},
		{"evicts", []string{"--maxmemory-policy", "allkeys-lru"}, []string{"maxmemory-policy is allkeys-lru"}},
		{"forgets", []string{"--appendonly", "no"}, []string{"appendonly is off"}},
		{"both", []string{"--appendonly", "no", "--maxmemory-policy", "volatile-ttl"}, []string{"appendonly is off", "maxmemory-policy is volatile-ttl"}},
	} {
		t.Run(story.name, func(t *testing.T) {
			client, err := redisx.Open(redisx.Config{Addresses: []string{redistest.Start(t, story.args...).Addr}})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			got, err := client.Weaknesses(t.Context())
			if err != nil || len(got) != len(story.want) {
				t.Fatalf("got %q, %v", got, err)
			}
			for i, want := range story.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got %q, want %q", got[i], want)
				}
			}
		})
	}
}

// A user of least privilege may not ask; that is said, and is no outage.
func TestWeaknesses_WithoutPermission(t *testing.T) {
	redis := redistest.Start(t, "--user", "default", "on", "nopass", "~*", "&*", "+@all", "-info")
	client, err := redisx.Open(redisx.Config{Addresses: []string{redis.Addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	got, err := client.Weaknesses(t.Context())
	if err != nil || len(got) != 1 || !strings.Contains(got[0], "+info") {
		t.Fatalf("got %q, %v", got, err)
	}
}
