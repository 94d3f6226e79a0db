//go:build attacks

package attacks

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

const (
	beginMark = "<!-- measured by make attack: begin -->\n"
	endMark   = "<!-- measured by make attack: end -->\n"
)

func TestMain(m *testing.M) {
	code := m.Run()
	e2e.RemoveBinary()
	fmt.Print(summary())
	if file := os.Getenv("ATTACKS_REPORT"); file != "" {
		if err := publish(file); err != nil {
			fmt.Fprintln(os.Stderr, "attacks: ", err)
			code = 1
		}
	}
	os.Exit(code)
}

// publish writes the table to the file, unless some rows were not tried.
func publish(file string) error {
	for _, s := range sections {
		if s.listed() != s.numbers {
			return fmt.Errorf("the table is not written: rows of section %d are missing", s.id)
		}
		for _, r := range s.rows {
			if r.verdict() == untried {
				return fmt.Errorf("the table is not written: row %d was not tried", r.id)
			}
		}
	}
	return e2e.Publish(file, beginMark, endMark, summary()+table())
}

// figures stand beside the table: times, races, floods.
var figures []string

// figure notes one for the report.
func figure(t *testing.T, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	if t.Failed() {
		line += " (**does not hold**)"
	}
	figures = append(figures, line)
}

// summary counts rows by section and store, in Markdown.
func summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; %s; `make attack`\n\n", e2e.Machine(), time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	fmt.Fprintf(&b, "| section | rows | hold in %s | not in memory | do not | apart | wait | not tried |\n|---|---|---|---|---|---|---|---|---|---|\n", strings.Join(stores, " | in "))
	for _, s := range sections {
		s.count(&b)
	}
	for _, line := range figures {
		fmt.Fprintf(&b, "\n- %s", line)
	}
	b.WriteString("\n")
	return b.String()
}

func (s *section) count(b *strings.Builder) {
	verdicts, on, notInMemory := map[string]int{}, map[string]int{}, 0
	for _, r := range s.rows {
		verdicts[r.verdict()]++
		if r.notInMemory != "" {
			notInMemory++
		}
		for store, result := range r.results {
			if result.holds {
				on[store]++
			}
		}
	}
	fmt.Fprintf(b, "| %d. %s | %d |", s.id, s.title, len(s.rows))
	for _, store := range stores {
		fmt.Fprintf(b, " %d |", on[store])
	}
	failing := len(s.rows) - verdicts[holds] - verdicts[apart] - verdicts[waits] - verdicts[untried]
	fmt.Fprintf(b, " %d | %d | %d | %d | %d |\n", notInMemory, failing, verdicts[apart], verdicts[waits], verdicts[untried])
}

// table is every row, in Markdown.
func table() string {
	var b strings.Builder
	for _, s := range sections {
		fmt.Fprintf(&b, "\n### %d. %s\n\n| | sent | must be answered | got | |\n|---|---|---|---|---|\n", s.id, s.title)
		for _, r := range s.rows {
			fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", r.id, cell(r.sent), cell(r.want), cell(r.got()), cell(r.verdict()))
		}
	}
	return b.String()
}

const (
	holds   = "holds"
	apart   = "apart"
	waits   = "waits"
	untried = "not tried"
)

// verdict is over all stores.
func (r *row) verdict() string {
	switch {
	case r.waits != "":
		return waits
	case r.apart != "":
		return apart
	}
	var failing []string
	for _, store := range stores {
		if result := r.results[store]; result != nil && !result.holds {
			failing = append(failing, store)
		}
	}
	switch {
	case len(failing) > 0:
		return "**does not hold** on " + strings.Join(failing, ", ")
	case len(r.results) < r.stores():
		return untried
	}
	return holds
}

// stores is on how many of them a row is to be tried.
func (r *row) stores() int {
	if r.notInMemory != "" {
		return len(stores) - 1
	}
	return len(stores)
}

// got is what the stores answered: once where that is the same.
func (r *row) got() string {
	switch {
	case r.waits != "":
		return "waits for " + r.waits
	case r.apart != "":
		return "tried by " + r.apart
	}
	var all []string
	if r.notInMemory != "" {
		all = append(all, "memory: not tried, "+r.notInMemory)
	}
	same := len(r.results) == len(stores)
	for _, store := range stores {
		if result := r.results[store]; result != nil {
			all = append(all, store+": "+result.got)
			same = same && result.got == r.results[stores[0]].got
		}
	}
	if same {
		return r.results[stores[0]].got
	}
	return strings.Join(all, " / ")
}

// cell is text inside a table.
func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ") }
