package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tollgate/cmd/tollgate/load"
	"tollgate/flows"
)

// benchLoads are what bench can put on an issuer, in the order it does.
var benchLoads = []string{"validate", "introspect", "client-credentials", "refresh"}

func newBench() *cobra.Command {
	cmd := withFlow(&cobra.Command{
		Use:   "bench [LOAD]",
		Short: "Put load on a running issuer and measure its answers",
		Long: `Bench calls a running issuer and shows throughput and how long answers took. LOAD is validate, introspect,
client-credentials or refresh; without it, one after the other.

Without --rate each of --connections callers sends its next request when it has the last answer. With --rate
requests leave at fixed moments; one that cannot, because every caller still waits, counts as late from its
moment on, so that a pause of the issuer shows as long as it was.

As it stands it measures ` + "`tollgate dev`" + ` with its demo clients. Elsewhere, name a client that may have tokens for itself;
refresh wants one that signs people in, and --user. What limits the issuer (rate_limits) shows as errors.`,
		Example: `  tollgate bench
  tollgate bench validate --connections 64 --duration 30s
  tollgate bench refresh --rate 500
  tollgate bench --save before.json     then change something, and: tollgate bench --compare before.json
  tollgate bench validate --issuer https://auth.example.com --client-id orders --client-secret-file orders.secret`,
	}, "")
	flags := cmd.Flags()
	flags.Int("connections", 32, "callers at once, each with a connection of its own")
	flags.Float64("rate", 0, "requests per second over all callers; 0 is as fast as answers come")
	flags.Duration("duration", 10*time.Second, "how long each load lasts; 0 is until --requests")
	flags.Int64("requests", 0, "end each load after so many; 0 is until --duration")
	flags.Duration("timeout", 5*time.Second, "how long to wait for one answer")
	flags.Int("tokens", 100, "how many different tokens validate and introspect ask about")
	flags.String("user", "", "who signs in for refresh; the password is read from a prompt or standard input")
	flags.String("redirect-uri", devRedirect, "registered redirect URI of the client of refresh")
	flags.String("save", "", "file to keep the results in")
	flags.String("compare", "", "file of an earlier --save to show beside the results")
	cmd.RunE = does(runBench)
	return cmd
}

// benching is one run of the command.
type benching struct {
	cmd         *cobra.Command
	loads       []string
	plan        load.Plan
	connections int
	tokens      int
	client      *flowClient
	demo        bool // no client was named: each load uses the demo client that may
	http        *load.Client
	user        string
	password    string
	redirect    string
}

func runBench(cmd *cobra.Command, args []string) error {
	b, err := readBench(cmd, args)
	if err != nil {
		return err
	}
	before, err := readSaved(cmd)
	if err != nil {
		return err
	}
	if b.client, err = newFlowClient(cmd); err != nil {
		return err
	}
	if err := b.prepare(); err != nil {
		return err
	}
	b.warn()
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	now := benchReport{Issuer: b.client.issuer.Issuer, Started: time.Now().UTC().Truncate(time.Second), Connections: b.connections, Rate: b.plan.Rate, Tokens: b.tokens}
	for _, name := range b.loads {
		if ctx.Err() != nil {
			break // what was measured until now is shown
		}
		result, err := b.run(ctx, name)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err == nil {
			now.Loads = append(now.Loads, benchLoad{name, result})
		}
	}
	if err := now.save(cmd); err != nil {
		return err
	}
	if err := now.show(cmd, before); err != nil || ctx.Err() != nil {
		return err
	}
	return now.failed()
}

// readBench reads the flags that say what to do.
func readBench(cmd *cobra.Command, args []string) (*benching, error) {
	b := &benching{cmd: cmd, loads: benchLoads}
	if len(args) == 1 {
		if !slices.Contains(benchLoads, args[0]) {
			return nil, misused("there is no such load; it can be %s", words(benchLoads))
		}
		b.loads = args
	}
	flags := cmd.Flags()
	b.connections, _ = flags.GetInt("connections")
	b.tokens, _ = flags.GetInt("tokens")
	b.plan.Rate, _ = flags.GetFloat64("rate")
	b.plan.Duration, _ = flags.GetDuration("duration")
	b.plan.Requests, _ = flags.GetInt64("requests")
	b.user, _ = flags.GetString("user")
	b.redirect, _ = flags.GetString("redirect-uri")
	b.demo = !flags.Changed("client-id")
	switch {
	case b.connections < 1 || b.connections > 10_000:
		return nil, misused("--connections is %d; it can be 1 to 10000", b.connections)
	case b.tokens < 1 || b.tokens > 100_000:
		return nil, misused("--tokens is %d; it can be 1 to 100000", b.tokens)
	case b.plan.Rate < 0 || b.plan.Duration < 0 || b.plan.Requests < 0:
		return nil, misused("--rate, --duration and --requests cannot be negative")
	case b.plan.Duration == 0 && b.plan.Requests == 0:
		return nil, misused("give --duration or --requests, or it would never end")
	}
	return b, nil
}

// prepare leaves out what cannot be done here, and asks for a password where one is needed.
func (b *benching) prepare() error {
	timeout, _ := b.cmd.Flags().GetDuration("timeout")
	var err error
	if b.http, err = load.NewClient(b.client.issuer.Issuer, b.connections, timeout); err != nil {
		return err
	}
	if !slices.Contains(b.loads, "refresh") {
		return nil
	}
	switch {
	case b.user != "":
		b.password, err = readSecret(b.cmd, "Password of "+b.user+": ", "password")
		return err
	case b.demo:
		b.user, b.password = flows.DemoUser, flows.DemoPassword
	case len(b.loads) == 1:
		return misused("name who signs in: --user")
	default:
		b.loads = slices.DeleteFunc(slices.Clone(b.loads), func(name string) bool { return name == "refresh" })
		fmt.Fprintln(b.cmd.ErrOrStderr(), "refresh is left out: nobody is named who signs in (--user)")
	}
	return nil
}

// warn says so where the load leaves this machine: a mistyped issuer would be somebody else's.
func (b *benching) warn() {
	u, err := url.Parse(b.client.issuer.Issuer)
	if err != nil || u.Hostname() == "localhost" {
		return
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err != nil || !ip.IsLoopback() {
		fmt.Fprintf(b.cmd.ErrOrStderr(), "the load goes over the network, to %s\n", printable(u.Host))
	}
}

// run prepares one load and puts it on the issuer.
func (b *benching) run(ctx context.Context, name string) (load.Result, error) {
	line := newProgressLine(b.cmd, name, b.plan)
	defer line.clear()
	line.say("preparing")
	callers, err := b.callers(ctx, name)
	if err != nil {
		return load.Result{}, err
	}
	return load.Run(ctx, b.plan, callers, line.show)
}
