package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tollgate/flows/store"
)

const (
	followPage  = 500
	followWait  = 2 * time.Second // a lost connection is noticed this late at most
	followRetry = 250 * time.Millisecond
)

// follower shows events from some point on, each once.
type follower struct {
	events   store.Events
	only     eventFilter
	show     func(*store.Event) error
	complain func(format string, args ...any) // about what is no event; to people
}

// follow reads until ctx ends, which is no error. A store that is away is asked again, after the
// last event that was shown: nothing is lost or repeated meanwhile.
func (f *follower) follow(ctx context.Context, after string) error {
	away := false
	for ctx.Err() == nil {
		page, err := f.events.ReadEvents(ctx, after, followPage, followWait)
		if err != nil {
			if ctx.Err() == nil && !away {
				away = true
				f.complain("waiting for the store: %s", printable(err.Error()))
			}
			select {
			case <-ctx.Done():
			case <-time.After(followRetry):
			}
			continue
		}
		if away {
			away = false
			f.complain("the store is back")
		}
		if page.Foreign > 0 {
			f.complain("left out %d entries that Tollgate did not write", page.Foreign)
		}
		for i := range page.Events {
			if e := &page.Events[i]; f.only.takes(e) {
				if err := f.show(e); err != nil {
					return err
				}
			}
		}
		after = page.Next
	}
	return nil
}

// showEvent writes events as they come: a JSON object per line, or columns under one header.
func showEvent(cmd *cobra.Command) func(*store.Event) error {
	out := cmd.OutOrStdout()
	if wantsJSON(cmd) {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return func(e *store.Event) error { return encoder.Encode(e) }
	}
	const columns = "%-24s  %-17s  %-25s  %-26s  %-22s  %s\n" // as wide as the ids we make up
	header := true
	return func(e *store.Event) error {
		if header {
			header = false
			if _, err := fmt.Fprintf(out, columns, "TIME", "TYPE", "CLIENT", "SUBJECT", "GRANT", "DETAIL"); err != nil {
				return err
			}
		}
		detail := e.Detail
		if e.Key != "" {
			detail += " key " + e.Key
		}
		if e.By != "" {
			detail += " by " + e.By
		}
		if e.Count > 0 {
			detail += " (" + strconv.FormatInt(e.Count, 10) + ")"
		}
		_, err := fmt.Fprintf(out, columns, e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), e.Type,
			dash(e.ClientID), dash(e.Subject), dash(string(e.Grant)), dash(strings.TrimSpace(detail)))
		return err
	}
}

// dash stands where there is nothing, so that columns can be cut.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
