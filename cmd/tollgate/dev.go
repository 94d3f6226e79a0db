package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"tollgate/cmd/tollgate/config"
	"tollgate/flows/keys"
	"tollgate/redisx"
)

// devAdminToken opens the admin API in dev mode. Everybody knows it.
const devAdminToken = "dev-admin-token"

// devLogFirst lines of each second are about usual answers, for who tries things by hand; a load does
// not drown the rest of the log.
const devLogFirst = 10

func newDev() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Try everything in one process, with nothing to set up",
		Long: `Dev serves on this machine only: memory store, demo clients and user, fresh signing keys. With
--redis, state, demo data and signing keys live on that Redis and are shared by every dev node that names
it. Its secrets are public: never let anybody else reach it.`,
		RunE: does(runDev),
	}
	flags := cmd.Flags()
	flags.String("listen", "", "public address (default 127.0.0.1:8080)")
	flags.String("ops-listen", "", "ops address (default 127.0.0.1:9090)")
	flags.String("issuer", "", "issuer (default follows --listen)")
	flags.String("signing-alg", "", "RS256, ES256 or EdDSA (default RS256)")
	flags.String("redis", "", "host:port of a Redis that holds the state")
	return cmd
}

// devSettings turns the flags that were given into keys of the configuration.
func devSettings(cmd *cobra.Command) []config.Setting {
	var settings []config.Setting
	for _, known := range []struct{ flag, path string }{
		{"listen", "listen.public"},
		{"ops-listen", "listen.ops"},
		{"issuer", "issuer"},
		{"signing-alg", "tokens.signing_alg"},
		{"redis", "redis.addresses"},
	} {
		if !cmd.Flags().Changed(known.flag) {
			continue
		}
		value, _ := cmd.Flags().GetString(known.flag)
		settings = append(settings, config.Setting{Flag: "--" + known.flag, Path: known.path, Value: value})
		if known.flag == "redis" {
			settings = append(settings, config.Setting{Flag: "--redis", Path: "store", Value: config.StoreRedis})
		}
	}
	return settings
}

func runDev(cmd *cobra.Command, _ []string) error {
	c, err := config.LoadDev(os.Environ(), devSettings(cmd))
	if err != nil {
		return fmt.Errorf("dev cannot start like this:\n%w", indented{err})
	}
	master, err := devMaster(c)
	if err != nil {
		return err
	}
	lines := newLogQueue(os.Stderr)
	log := newJSONLog(lines, c.Log.Level)
	defer log.Sync()
	token := devAdminToken
	if c.Admin.Token != "" {
		token = c.Admin.Token.Reveal()
	}
	collectSmallHeapsLess()
	s, err := newServing(c, log, options{master: master, adminToken: token, lines: lines, logFirst: devLogFirst})
	var taken *takenError
	switch {
	case errors.As(err, &taken):
		return taken.forDev()
	case err != nil:
		return err
	}
	if err := s.prepareDemo(cmd.Context()); err != nil {
		return err
	}
	debug.FreeOSMemory() // to hash the demo user's password took 19 MiB
	out := cmd.OutOrStdout()
	return s.serve(cmd.Context(), func() { fmt.Fprint(out, devLines(s, token)) })
}

// forDev names the flag: in dev mode nobody has a file where listen.public stands.
func (t *takenError) forDev() error {
	flag, other := "--listen", "127.0.0.1:8081"
	if t.key == "listen.ops" {
		flag, other = "--ops-listen", "127.0.0.1:9091"
	}
	return fmt.Errorf("%s is taken by another process; stop that one, or choose another address: %s %s (make run ARGS='%[2]s %[3]s')", t.address, flag, other)
}

// devMaster seals the signing keys: on a shared Redis under a key that all dev nodes know.
func devMaster(c *config.Config) (*keys.Master, error) {
	if c.Store == config.StoreRedis && c.Keys.Master == nil {
		return keys.DevMaster(), nil
	}
	return masterOf(c)
}

// prepareDemo stores the demo data; in dev mode a Redis that is away is a mistake, not an outage. So
// is one whose signing keys dev cannot open: the demo accounts, which everybody knows, would stand
// open in somebody's production.
func (s *serving) prepareDemo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	s.preparing.Store(true)
	defer s.preparing.Store(false)
	_, err := s.store.Ping(ctx)
	if err == nil {
		err = s.keys.Load(ctx)
	}
	switch {
	case errors.Is(err, redisx.ErrUnavailable):
		return redisProblem(&s.config.Redis, err, "start one there, or leave --redis out")
	case err != nil:
		return fmt.Errorf("the state there is not of dev nodes, and stays as it is; name another Redis, or leave --redis out: %w", err)
	}
	if err := s.flows.SeedDemo(ctx); err != nil {
		return fmt.Errorf("store the demo data: %w", err)
	}
	return nil
}
