package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

// serveDrainDelay gives load balancers the time of a probe or two to see /readyz turn.
const serveDrainDelay = time.Second

func newServe() *cobra.Command {
	return withConfig(&cobra.Command{
		Use:   "serve",
		Short: "Serve in production, on Redis",
		Long: `Serve answers on the public and the ops listener until SIGTERM or SIGINT, then finishes what is in
flight and exits within ten seconds; a second signal ends it at once. It writes JSON lines to standard
output. It starts while Redis is away, says so on /readyz, and heals by itself.`,
		RunE: does(runServe),
	})
}

func runServe(cmd *cobra.Command, _ []string) error {
	c, err := loadConfig(cmd, "")
	if err != nil {
		return err
	}
	master, err := masterOf(c)
	if err != nil {
		return err
	}
	collectSmallHeapsLess()
	lines := newLogQueue(os.Stdout)
	log := newJSONLog(lines, c.Log.Level)
	defer log.Sync()
	for _, warning := range c.Warnings() {
		log.Warn("configuration", zap.String("key", warning.Path), zap.String("warning", warning.Text))
	}
	s, err := newServing(c, log, options{master: master, adminToken: c.Admin.Token.Reveal(), drainDelay: serveDrainDelay, lines: lines, reopens: true})
	if err != nil {
		return err
	}
	build := thisBuild()
	log.Info("serving", zap.String("version", build.Version), zap.String("commit", build.Commit), zap.String("issuer", c.Issuer),
		zap.Stringer("public", s.public.Addr()), zap.Stringer("ops", s.ops.Addr()), zap.String("store", s.store.Name()))
	err = s.serve(cmd.Context(), func() { log.Info("signing keys loaded", zap.Int("keys", len(s.keys.Snapshot().Keys()))) })
	log.Info("stopped", zap.Error(err))
	return err
}
