package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tollgate/cmd/tollgate/load"
)

// benchReport is what bench found out; it is also what --save keeps.
type benchReport struct {
	Issuer      string      `json:"issuer"`
	Started     time.Time   `json:"started"`
	Connections int         `json:"connections"`
	Rate        float64     `json:"rate"`             // 0 is a closed loop
	Tokens      int         `json:"tokens,omitempty"` // how many were asked about; earlier versions do not say
	Loads       []benchLoad `json:"loads"`
}

type benchLoad struct {
	Name string `json:"name"`
	load.Result
}

// readSaved reads the file of --compare; nil without one.
func readSaved(cmd *cobra.Command) (*benchReport, error) {
	file, _ := cmd.Flags().GetString("compare")
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--compare: %w", err)
	}
	var r benchReport
	if err := json.Unmarshal(text, &r); err != nil || len(r.Loads) == 0 {
		return nil, fmt.Errorf("--compare: %s is not what `tollgate bench --save` writes", file)
	}
	return &r, nil
}

func (r *benchReport) save(cmd *cobra.Command) error {
	file, _ := cmd.Flags().GetString("save")
	if file == "" || len(r.Loads) == 0 {
		return nil
	}
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("--save: %w", err)
	}
	defer out.Close()
	return showJSON(out, r)
}

// benchComparison is a report beside an earlier one.
type benchComparison struct {
	benchReport
	Before *benchReport `json:"before,omitempty"`
	Unlike []string     `json:"unlike,omitempty"` // in what the two runs differ, so that their figures may, too
}

// show prints the table, and what the same loads had before.
func (r *benchReport) show(cmd *cobra.Command, before *benchReport) error {
	unlike := r.unlike(before)
	return show(cmd, benchComparison{*r, before, unlike}, func(w io.Writer) {
		row(w, "LOAD", "PER SECOND", "P50", "P90", "P99", "P99.9", "MAX", "REQUESTS", "ERRORS")
		for _, now := range r.Loads {
			now.row(w, now.Name)
			if old := before.find(now.Name); old != nil {
				old.row(w, "  before")
				row(w, "  change", change(old.PerSecond, now.PerSecond), change(old.Latency.P50, now.Latency.P50),
					change(old.Latency.P90, now.Latency.P90), change(old.Latency.P99, now.Latency.P99),
					change(old.Latency.P999, now.Latency.P999), change(old.Latency.Max, now.Latency.Max))
			}
		}
		for _, now := range r.Loads {
			now.complaints(w)
		}
		for _, difference := range unlike {
			row(w, difference)
		}
	})
}

// unlike says in what an earlier run was another one.
func (r *benchReport) unlike(before *benchReport) (differences []string) {
	if before == nil {
		return nil
	}
	if before.Issuer != r.Issuer {
		differences = append(differences, "before was of "+before.Issuer)
	}
	if before.Connections != r.Connections || before.Rate != r.Rate {
		differences = append(differences, fmt.Sprintf("before was with --connections %d --rate %g", before.Connections, before.Rate))
	}
	if before.Tokens != r.Tokens && before.Tokens != 0 {
		differences = append(differences, fmt.Sprintf("before was with --tokens %d", before.Tokens))
	}
	for _, now := range r.Loads {
		if before.find(now.Name) == nil {
			differences = append(differences, "before was without "+now.Name)
		}
	}
	return differences
}

// failed says which loads got no right answer at all: then there is nothing that was measured.
func (r *benchReport) failed() error {
	var failed []string
	for _, l := range r.Loads {
		if l.PerSecond == 0 {
			failed = append(failed, l.Name)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%s: no request got a right answer", strings.Join(failed, ", "))
}

func (r *benchReport) find(name string) *benchLoad {
	if r == nil {
		return nil
	}
	i := slices.IndexFunc(r.Loads, func(l benchLoad) bool { return l.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Loads[i]
}

func (l *benchLoad) row(w io.Writer, name string) {
	row(w, name, thousands(l.PerSecond), span(l.Latency.P50), span(l.Latency.P90), span(l.Latency.P99), span(l.Latency.P999),
		span(l.Latency.Max), strconv.FormatInt(l.Requests, 10), strconv.FormatInt(l.Failed(), 10))
}

// complaints lists errors, the most frequent first, and what an open loop could not send.
func (l *benchLoad) complaints(w io.Writer) {
	kinds := slices.SortedFunc(maps.Keys(l.Errors), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.Errors[b], l.Errors[a]), cmp.Compare(a, b))
	})
	for _, kind := range kinds {
		row(w, fmt.Sprintf("%s: %d times %s", l.Name, l.Errors[kind], kind))
	}
	if l.Late > 0 {
		row(w, fmt.Sprintf("%s: %d requests were due and never sent; all callers were waiting", l.Name, l.Late))
	}
}

// change is by how much a figure has moved.
func change(from, to float64) string {
	if from == 0 {
		return ""
	}
	return fmt.Sprintf("%+.1f %%", 100*(to-from)/from)
}

// span writes milliseconds for people.
func span(ms float64) string {
	switch {
	case ms == 0:
		return "-"
	case ms < 1:
		return fmt.Sprintf("%.0f µs", 1000*ms)
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

// thousands writes a large number for people.
func thousands(f float64) string {
	digits := strconv.FormatFloat(f, 'f', 0, 64)
	var out strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(digit)
	}
	return out.String()
}

// progressLine shows how far a load is, where somebody is there to see it.
type progressLine struct {
	w    io.Writer // nil: nobody is
	name string
	plan load.Plan
}

func newProgressLine(cmd *cobra.Command, name string, plan load.Plan) *progressLine {
	p := &progressLine{name: name, plan: plan}
	if out, ok := cmd.ErrOrStderr().(*os.File); ok && term.IsTerminal(int(out.Fd())) {
		p.w = out
	}
	return p
}

func (p *progressLine) show(r load.Result) {
	done := fmt.Sprintf("%.0f s", r.Seconds)
	if p.plan.Duration > 0 {
		done += fmt.Sprintf(" of %.0f s", p.plan.Duration.Seconds())
	}
	if p.plan.Requests > 0 {
		done += fmt.Sprintf(", %d of %d requests", r.Requests, p.plan.Requests)
	}
	p.say(fmt.Sprintf("%s   %s per second   p50 %s   p99 %s   %d errors", done, thousands(r.PerSecond), span(r.Latency.P50), span(r.Latency.P99), r.Failed()))
}

// say replaces the line.
func (p *progressLine) say(text string) {
	if p.w != nil {
		fmt.Fprintf(p.w, "\r\x1b[K%s   %s", p.name, text)
	}
}

func (p *progressLine) clear() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
