package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"tollgate/cmd/tollgate/config"
	"tollgate/flows"
	"tollgate/flows/oauth"
)

// manageTimeout bounds one management command.
const manageTimeout = 30 * time.Second

// managing gives a function the flows on the configured Redis: what it changes, every server there
// sees.
func managing(run func(ctx context.Context, cmd *cobra.Command, args []string, n *node) error) func(*cobra.Command, []string) error {
	return does(func(cmd *cobra.Command, args []string) error {
		c, err := loadConfig(cmd, "; for `tollgate dev` use /admin/v1 on its ops listener")
		if err != nil {
			return err
		}
		if c.Store == config.StoreMemory {
			return errors.New("store is memory, which only the serving process can see; use /admin/v1 on its ops listener")
		}
		master, err := masterOf(c)
		if err != nil {
			return err
		}
		n, err := wire(wiring{config: c, master: master, log: zap.NewNop(), audit: auditOfCommand(cmd, c)})
		if err != nil {
			return err
		}
		defer n.close()
		ctx, cancel := context.WithTimeout(flows.WithActor(cmd.Context(), flows.ByCommandLine), manageTimeout)
		defer cancel()
		if _, err = n.store.Ping(ctx); err == nil {
			err = run(ctx, cmd, args, n)
		}
		return pointToList(n.explain(err))
	})
}

// pointToList tells who named somebody that is not there where to look.
func pointToList(err error) error {
	var answer *oauth.Error
	if !errors.As(err, &answer) || answer.Code != oauth.CodeNotFound {
		return err
	}
	if kind, ok := strings.CutPrefix(answer.Description, "there is no such "); ok {
		return fmt.Errorf("%s; see `tollgate %s list`", answer.Description, kind)
	}
	return err
}

// manage makes a management command; only the flags of its own are missing.
func manage(use, short string, run func(context.Context, *cobra.Command, []string, *node) error) *cobra.Command {
	return withConfig(withOutput(&cobra.Command{Use: use, Short: short, RunE: managing(run)}))
}

// listAll collects every piece of a listing.
func listAll[T any](list func(cursor string, limit int) ([]T, string, error)) ([]T, error) {
	all := []T{}
	for cursor := ""; ; {
		piece, next, err := list(cursor, 500)
		if err != nil {
			return nil, err
		}
		all = append(all, piece...)
		if cursor = next; cursor == "" {
			return all, nil
		}
	}
}

// done reports a change that has nothing to show.
func done(cmd *cobra.Command, format string, args ...any) error {
	if wantsJSON(cmd) {
		return showJSON(cmd.OutOrStdout(), map[string]bool{"ok": true})
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
	return err
}
