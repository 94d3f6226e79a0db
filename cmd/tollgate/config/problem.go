package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong, with the fix in its text. It never holds a secret.
type Problem struct {
	Path   string `json:"path"`             // of the key, such as redis.tls.ca_file; "" for the file itself
	Line   int    `json:"line,omitempty"`   // in the file; 0 where the key does not stand in it
	Source string `json:"source,omitempty"` // the environment variable or flag that set the key
	Text   string `json:"problem"`
}

// String renders the problem as one line, whatever stands in the file that it quotes.
func (p Problem) String() string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, p.where()+p.Text)
}

// where names the key and who set it, ready to stand before the text.
func (p Problem) where() string {
	where := p.Path
	switch {
	case p.Source != "" && where == "":
		where = p.Source
	case p.Source != "":
		where += " (" + p.Source + ")"
	case p.Line != 0 && where == "":
		where = fmt.Sprintf("line %d", p.Line)
	case p.Line != 0:
		where += fmt.Sprintf(" (line %d)", p.Line)
	}
	if where == "" {
		return ""
	}
	return where + ": "
}

// Problems is the error of Load: everything that is wrong, in the file's order.
type Problems []Problem

// Error puts one problem on a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// without leaves out what concerns a key that others speaks of already.
func (ps Problems) without(others Problems) Problems {
	return slices.DeleteFunc(ps, func(p Problem) bool {
		return slices.ContainsFunc(others, func(o Problem) bool { return o.Path == p.Path })
	})
}

// sorted orders problems as a person meets them: by line, then what stands in no line.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		switch {
		case a.Line == b.Line:
			return 0
		case a.Line == 0:
			return 1
		case b.Line == 0:
			return -1
		}
		return a.Line - b.Line
	})
	return ps
}
