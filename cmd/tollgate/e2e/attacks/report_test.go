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
	text := render()
	fmt.Print(text)
	if file := os.Getenv("ATTACKS_REPORT"); file != "" {
		if err := e2e.Publish(file, beginMark, endMark, text); err != nil {
			fmt.Fprintln(os.Stderr, "attacks: ", err)
			code = 1
		}
	}
	os.Exit(code)
}

// measured are figures that stand beside the table, by name: times, races, floods.
var measured []string

// measure notes a figure for the report.
func measure(t *testing.T, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	verdict := "holds"
	if t.Failed() {
		verdict = "does not hold"
	}
	measured = append(measured, line+": "+verdict)
}

// render writes the table in Markdown.
func render() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; %s; `make attack`, on %s\n\n", e2e.Machine(), time.Now().UTC().Format("2006-01-02 15:04 UTC"), strings.Join(stores(), ", "))
	fmt.Fprintf(&b, "| section | rows | hold | do not | wait | not tried |\n|---|---|---|---|---|---|\n")
	for _, s := range sections {
		count := map[string]int{}
		for _, r := range s.rows {
			count[r.verdict()]++
		}
		failing := len(s.rows) - count[holds] - count[waits] - count[untried]
		fmt.Fprintf(&b, "| %d. %s | %d | %d | %d | %d | %d |\n", s.id, s.title, len(s.rows), count[holds], failing, count[waits], count[untried])
	}
	for _, line := range measured {
		fmt.Fprintf(&b, "\n- %s", line)
	}
	b.WriteString("\n")
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
	waits   = "waits"
	untried = "not tried"
)

// verdict is over all stores.
func (r *row) verdict() string {
	if r.waits != "" {
		return waits
	}
	var failing []string
	for _, store := range stores() {
		if result := r.results[store]; result != nil && !result.holds {
			failing = append(failing, store)
		}
	}
	switch {
	case len(failing) > 0:
		return "does not hold on " + strings.Join(failing, ", ")
	case len(r.results) < len(stores()):
		return untried
	}
	return holds
}

// got is what the stores answered: once where that is the same.
func (r *row) got() string {
	if r.waits != "" {
		return "waits for " + r.waits
	}
	var all []string
	for _, store := range stores() {
		if result := r.results[store]; result != nil {
			all = append(all, result.got)
		}
	}
	for _, got := range all {
		if got != all[0] {
			return strings.Join(all, " / ")
		}
	}
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// cell is text inside a table.
func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ") }
