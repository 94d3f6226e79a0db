//go:build siege

package siege

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// table lists all that is measured, with its goal; tests record under its name.
var table = []*row{
	{id: "S1", what: "slow clients: one byte of the headers a second (34)", goal: crowdGoal(talkLimit)},
	{id: "S2", what: "slow clients: one byte of a body a second (34)", goal: crowdGoal(talkLimit)},
	{id: "S3", what: "slow clients: answers that are never read (36)", goal: crowdGoal(talkLimit)},
	{id: "S4", what: "slow clients: idle after a request (37)", goal: crowdGoal(idleLimit)},
	{id: "S5", what: "bodies in chunks without an end, as fast as they are taken (31)", goal: "all answered 413 and closed, or 408 after 5 s; " + memoryGoal},
	{id: "S6", what: "header lines of 1 MB (28)", goal: "all answered 431 and closed, or 408 after 5 s; " + memoryGoal},
	{id: "M1", what: "hostile requests of every kind (378, G6, G7)", goal: "the series of metrics unchanged, memory within 10 %, a log line each at most, same process, no 5xx"},
	{id: "M2", what: "the same against the rate limits that ship", goal: "log lines ≤ what the limits let through and one in a hundred of the rest"},
	{id: "T0", what: "time of two answers that may differ: a client that is unknown, a missing parameter", goal: "seen to differ: not within the goals of T1"},
	{id: "T1", what: "time: client exists, does not (393)", goal: examGoal},
	{id: "T2", what: "time: first half of a client's secret right, wrong", goal: examGoal},
	{id: "T3", what: "time: user exists, does not (394)", goal: examGoal},
	{id: "T4", what: "time: refresh token revoked, forgotten (396)", goal: examGoal},
	{id: "T5", what: "time: a login while the same password is being checked, while another is (398)", goal: examGoal},
	{id: "R1", what: "race: 100 clicks on a consent (359, 405)", goal: "one code"},
	{id: "R2", what: "race: a revocation among refreshes and checks (408)", goal: "nothing of the grant is good after it"},
	{id: "R3", what: "race: a disabled user among logins (410)", goal: "no session and no token is good after it"},
	{id: "R4", what: "race: key rotation by callers on two nodes (409)", goal: "one key signs, one follows, no token fails"},
}

type row struct {
	id, what, goal string
	measured       string // "" was not run
	holds          bool
}

// record notes what a test measured.
func record(t *testing.T, id string, ok bool, format string, args ...any) {
	t.Helper()
	for _, r := range table {
		if r.id == id {
			r.measured, r.holds = fmt.Sprintf(format, args...), ok && !t.Failed()
			t.Logf("%s %s: %s (goal: %s)", id, r.verdict(), r.measured, r.goal)
			return
		}
	}
	t.Fatalf("%s is not in the table", id)
}

func (r *row) verdict() string {
	switch {
	case r.measured == "":
		return notRun
	case r.holds:
		return holds
	}
	return holdsNot
}

const (
	holds    = "holds"
	holdsNot = "does not hold"
	notRun   = "not run"

	beginMark = "<!-- measured by make siege: begin -->\n"
	endMark   = "<!-- measured by make siege: end -->\n"
)

func TestMain(m *testing.M) {
	if host := os.Getenv(proberHost); host != "" {
		probe(host, os.Getenv(proberToken))
		return
	}
	if os.Getenv(beRival) != "" {
		rivalServer()
		return
	}
	code := m.Run()
	e2e.RemoveBinary()
	file := os.Getenv("SIEGE_REPORT")
	text := render(rowsOf(file))
	fmt.Print(text)
	if file != "" {
		if err := e2e.Publish(file, beginMark, endMark, text); err != nil {
			fmt.Fprintln(os.Stderr, "siege: ", err)
			code = 1
		}
	}
	os.Exit(code)
}

// rowsOf reads the rows of a table that was rendered before, by their names.
func rowsOf(file string) map[string]string {
	text, _ := os.ReadFile(file) // Publish says what is wrong with it
	_, text, _ = bytes.Cut(text, []byte(beginMark))
	text, _, _ = bytes.Cut(text, []byte(endMark))
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if id, _, found := strings.Cut(strings.TrimPrefix(line, "| "), " |"); found {
			rows[id] = line
		}
	}
	return rows
}

func (r *row) line(when string) string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", r.id, r.what, r.measured, r.goal, r.verdict(), when)
}

// render writes the table in Markdown. What was not run stays as it was measured before.
func render(before map[string]string) string {
	var b, rows strings.Builder
	count := map[string]int{}
	now := time.Now().UTC().Format("2006-01-02 15:04")
	for _, r := range table {
		line := before[r.id]
		switch {
		case r.measured != "":
			line = r.line(now)
		case line == "":
			line = r.line("")
		}
		rows.WriteString(line)
		for _, verdict := range []string{holds, holdsNot, notRun} {
			if strings.Contains(line, "| "+verdict+" |") {
				count[verdict]++
			}
		}
	}
	fmt.Fprintf(&b, "%d of %d hold, %d do not, %d were not run.\n\n", count[holds], len(table), count[holdsNot], count[notRun])
	fmt.Fprintf(&b, "%s; `make siege`, or `make siege SIEGE=S` for some rows\n\n", e2e.Machine())
	b.WriteString("| | what | measured | goal | | UTC |\n|---|---|---|---|---|---|\n")
	return b.String() + rows.String()
}

// size is how many of something there are: full, unless the variable says another number. What was
// measured names it.
func size(t *testing.T, variable string, full int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return full
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: wants a number", variable, text)
	}
	return n
}

// short rounds a duration for the table.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
