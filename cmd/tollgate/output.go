package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// withOutput gives a command the flag --output.
func withOutput(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringP("output", "o", "table", "table for people, json for scripts")
	check := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if format, _ := cmd.Flags().GetString("output"); format != "table" && format != "json" {
			return misused("--output is %q; it can be table or json", format)
		}
		if check != nil {
			return check(cmd, args)
		}
		return nil
	}
	return cmd
}

func wantsJSON(cmd *cobra.Command) bool {
	format, _ := cmd.Flags().GetString("output")
	return format == "json"
}

// show writes value as JSON, or calls table for people.
func show(cmd *cobra.Command, value any, table func(w io.Writer)) error {
	if wantsJSON(cmd) {
		return showJSON(cmd.OutOrStdout(), value)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 3, ' ', 0)
	table(w)
	return w.Flush()
}

func showJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// row writes the cells of one line. What a terminal would obey is taken out of them.
func row(w io.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = printable(cell)
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
}

// field writes one name and its value, unless it has none.
func field(w io.Writer, name, value string) {
	if value != "" {
		row(w, name, value)
	}
}

// printable replaces control characters: names come from strangers, and a terminal obeys them.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || (0x7f <= r && r < 0xa0) {
			return '?'
		}
		return r
	}, s)
}

// moment writes a time for people; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 MST")
}

// untilUsable says what an operator would otherwise look for: why the user or client that was just enabled
// is of no use yet.
func untilUsable(from time.Time) string {
	if from.IsZero() {
		return ""
	}
	return moment(from) + "; what is issued before has ended already"
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(s, "\n", "\n  ")
}
