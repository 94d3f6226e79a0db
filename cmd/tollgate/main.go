package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(execute(context.Background(), os.Args[1:]))
}

// Exit codes: what was asked for failed, or could not be understood.
const (
	exitFailed = 1
	exitUsage  = 2
)

// execute runs the command line and returns its exit code.
func execute(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var failed *failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed):
		fmt.Fprintln(os.Stderr, "tollgate: "+explain(failed.err))
		return exitFailed
	}
	fmt.Fprintf(os.Stderr, "tollgate: %s\nTry: tollgate %s\n", strings.TrimSpace(err.Error()), helpFor(root, args))
	return exitUsage
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tollgate",
		Short: "OAuth 2.1 and OpenID Connect server, and the edge that checks its tokens",
		Long: `Tollgate issues OAuth 2.1 and OpenID Connect tokens and checks them for gateways.

  tollgate dev                     try it: everything in this process, nothing to set up
  tollgate serve --config FILE     run it, on Redis`,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	b := thisBuild()
	root.Version = b.Version + " (commit " + b.Commit + ", " + b.Go + ")"
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.AddCommand(newDev(), newServe(), newConfig(), newClient(), newUser(), newKey(), newGrant(), newToken(),
		newEvents(), newFlow(), newBench(), newVersion())
	checkCommandLine(root)
	return root
}

// helpFor names the command whose help answers a misunderstanding.
func helpFor(root *cobra.Command, args []string) string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd == root {
		return "help"
	}
	return strings.TrimPrefix(cmd.CommandPath(), "tollgate ") + " --help"
}
