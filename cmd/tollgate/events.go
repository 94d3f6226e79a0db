package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"tollgate/cmd/tollgate/config"
	"tollgate/flows"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func newEvents() *cobra.Command {
	cmd := withConfig(withOutput(&cobra.Command{
		Use:   "events",
		Short: "Follow what happens to tokens, grants, logins and keys",
		Long: `Events shows what happens as it happens, on all nodes, until Ctrl-C: tokens issued, refreshed, revoked,
reused; logins, lock-outs, consents; changes of clients, users and signing keys. With --since it begins with
what is kept, which is about a day. It outlasts Redis being away, and then goes on where it was.`,
		Example: `  tollgate events --since 10m --type refresh_reused,code_replayed
  tollgate events --user alice
  tollgate events --since 1795462472000-0 --output json    after the last event that was seen
  tollgate events --redis 127.0.0.1:6379                   of tollgate dev --redis 127.0.0.1:6379`,
	}))
	flags := cmd.Flags()
	flags.String("since", "", "begin in the past: how long ago (10m), a time (RFC 3339), or after the id of an event")
	flags.StringSlice("type", nil, "only these types")
	flags.String("client", "", "only of this client")
	flags.String("user", "", "only of this user: the username, or the subject of one who is gone")
	flags.String("redis", "", "host:port of the Redis of tollgate dev, in place of a configuration")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		after, only, err := readEventFlags(cmd)
		if err != nil {
			return err
		}
		return does(func(cmd *cobra.Command, _ []string) error { return runEvents(cmd, after, only) })(cmd, args)
	}
	return cmd
}

// eventFilter says which events are shown. What is empty does not matter.
type eventFilter struct {
	types         []string
	client        string
	user, subject string // as named, and as events have it
}

func (f *eventFilter) takes(e *store.Event) bool {
	return (len(f.types) == 0 || slices.Contains(f.types, string(e.Type))) &&
		(f.client == "" || f.client == e.ClientID) && (f.subject == "" || f.subject == e.Subject)
}

func readEventFlags(cmd *cobra.Command) (after string, only eventFilter, err error) {
	flags := cmd.Flags()
	since, _ := flags.GetString("since")
	only.types, _ = flags.GetStringSlice("type")
	if only.client, err = narrowing(cmd, "client"); err != nil {
		return "", only, err
	}
	if only.user, err = narrowing(cmd, "user"); err != nil {
		return "", only, err
	}
	for _, t := range only.types {
		if !slices.Contains(flows.EventTypes(), flows.EventType(t)) {
			return "", only, misused("--type is %q; it can be %s", t, words(flows.EventTypes()))
		}
	}
	if flags.Changed("redis") && flags.Changed("config") {
		return "", only, misused("give --redis or --config, not both")
	}
	after, err = parseSince(since, time.Now())
	return after, only, err
}

// parseSince returns what to read after.
func parseSince(text string, now time.Time) (string, error) {
	if text == "" {
		return store.FromNow, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return store.EventsSince(now.Add(-ago)), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return store.EventsSince(at), nil
	}
	if _, _, ok := store.ParseEventID(text); ok {
		return text, nil
	}
	return "", misused("--since is %q; it can be how long ago (10m), a time (2026-11-23T12:00:00Z) or the id of an event", text)
}

func runEvents(cmd *cobra.Command, after string, only eventFilter) error {
	n, err := wireEvents(cmd)
	if err != nil {
		return err
	}
	defer n.close()
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if only.subject, err = subjectOf(ctx, n, only.user); err != nil {
		return err
	}
	f := &follower{events: n.store, only: only, show: showEvent(cmd), complain: func(format string, args ...any) {
		fmt.Fprintf(cmd.ErrOrStderr(), "tollgate: "+format+"\n", args...)
	}}
	return f.follow(ctx, after)
}

// wireEvents builds a node on the configured Redis, or on that of dev.
func wireEvents(cmd *cobra.Command) (*node, error) {
	var c *config.Config
	var err error
	dev := cmd.Flags().Changed("redis")
	if dev {
		address, _ := cmd.Flags().GetString("redis")
		c, err = config.LoadDev(os.Environ(), []config.Setting{
			{Flag: "--redis", Path: "redis.addresses", Value: address},
			{Flag: "--redis", Path: "store", Value: config.StoreRedis},
		})
	} else {
		c, err = loadConfig(cmd, "; the events of `tollgate dev` are in its log, or in the Redis that --redis names")
	}
	if err != nil {
		return nil, err
	}
	if c.Store == config.StoreMemory {
		return nil, errors.New("store is memory, which only the serving process can see; its events are in its log")
	}
	load := masterOf
	if dev {
		load = devMaster
	}
	master, err := load(c)
	if err != nil {
		return nil, err
	}
	n, err := wire(wiring{config: c, master: master, log: zap.NewNop()})
	if err != nil {
		return nil, err
	}
	if _, err := n.store.Ping(cmd.Context()); err != nil {
		n.close()
		return nil, n.explain(err)
	}
	return n, nil
}

// subjectOf finds the subject that --user means, "" for everybody.
func subjectOf(ctx context.Context, n *node, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	user, err := n.flows.GetUser(ctx, name)
	switch {
	case err == nil:
		return user.Subject, nil
	case strings.HasPrefix(name, oauth.SubjectPrefix):
		return name, nil
	case oauth.AsError(err).Code == oauth.CodeNotFound:
		return "", errors.New("there is no such user; see `tollgate user list`, or give the subject of one who is gone")
	}
	return "", err
}
