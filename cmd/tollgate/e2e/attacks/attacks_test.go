//go:build attacks

package attacks

import (
	"fmt"
	"testing"
)

// stores are where every row is tried.
var stores = []string{"memory", "standalone", "cluster"}

// TestAttacks tries every row on every store, one after the other:
// `go test -tags attacks -run 'TestAttacks/memory/section_1$/row_16$'` tries one.
func TestAttacks(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			p := start(t, store)
			before := p.inUse(t)
			for _, s := range sections {
				t.Run(fmt.Sprintf("section %d", s.id), func(t *testing.T) {
					for _, r := range s.rows {
						if r.try != nil && (store != "memory" || r.notInMemory == "") {
							t.Run(fmt.Sprintf("row %d", r.id), func(t *testing.T) { p.try(t, r) })
						}
					}
				})
			}
			if p.repeated > 0 {
				figure(t, "%s: %d KiB of memory were in use before all rows, %d KiB after them and %d repeats", store, before>>10, p.inUse(t)>>10, p.repeated)
			}
		})
	}
}

// try attacks as the row says, looks at what holds after every row, and notes the result.
func (p *place) try(t *testing.T, r *row) {
	x := &trial{T: t, place: p, found: &found{}}
	x.visit(p.node, p.token)
	if p.peer != nil {
		x.visit(p.peer, p.token)
	}
	defer func() { r.note(p.store, &result{holds: !t.Failed() && !t.Skipped(), got: x.summary()}) }()
	r.try(x)
	if len(x.seen) == 0 && len(x.notes) == 0 {
		t.Error("nothing was looked at: the row shows nothing")
	}
	x.after()
}
