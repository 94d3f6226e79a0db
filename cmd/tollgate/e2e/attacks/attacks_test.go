//go:build attacks

package attacks

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// stores are where every row is tried; ATTACKS_STORES=memory,cluster picks some.
func stores() []string {
	if picked := os.Getenv("ATTACKS_STORES"); picked != "" {
		return strings.Split(picked, ",")
	}
	return []string{"memory", "standalone", "cluster"}
}

// TestAttacks tries every row on every store, one after the other:
// `go test -tags attacks -run 'TestAttacks/memory/section_1$/row_16$'` tries one.
func TestAttacks(t *testing.T) {
	for _, store := range stores() {
		t.Run(store, func(t *testing.T) {
			p := start(t, store)
			for _, s := range sections {
				t.Run(fmt.Sprintf("section %d", s.id), func(t *testing.T) {
					for _, r := range s.rows {
						if r.try != nil {
							t.Run(fmt.Sprintf("row %d", r.id), func(t *testing.T) { p.try(t, r) })
						}
					}
				})
			}
		})
	}
}

// try attacks as the row says, looks at what holds after every row, and notes the result.
func (p *place) try(t *testing.T, r *row) {
	x := &trial{T: t, place: p, row: r, logged: len(p.node.Logs())}
	defer func() {
		if r.results == nil {
			r.results = map[string]*result{}
		}
		r.results[p.store] = &result{holds: !t.Failed() && !t.Skipped(), got: x.summary()}
	}()
	r.try(x)
	x.after()
	if len(x.seen) == 0 && len(x.notes) == 0 {
		t.Error("nothing was looked at: the row shows nothing")
	}
}

// TestTable finds rows that are listed twice, or that neither try nor say why not.
func TestTable(t *testing.T) {
	ids := map[int]bool{}
	for _, s := range sections {
		if len(s.rows) == 0 {
			t.Errorf("section %d is empty", s.id)
		}
		for _, r := range s.rows {
			if ids[r.id] {
				t.Errorf("row %d is listed twice", r.id)
			}
			ids[r.id] = true
			if (r.try == nil) == (r.waits == "") {
				t.Errorf("row %d must either be tried or say what it waits for", r.id)
			}
		}
	}
}
