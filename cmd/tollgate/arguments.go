package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// checkCommandLine makes a command and those below it take the argument that their Use names, and
// no other: "get ID" needs one, "create [ID]" takes one. What is said of a wrong command line
// repeats no argument, because it may be a token.
func checkCommandLine(cmd *cobra.Command) {
	cmd.Args = checkArguments
	cmd.SetFlagErrorFunc(flagError)
	for _, sub := range cmd.Commands() {
		checkCommandLine(sub)
	}
}

// flagError says what is wrong with a flag. Behind a misspelt command every flag is unknown, and the command
// is what to say something of.
func flagError(cmd *cobra.Command, err error) error {
	before := cmd.Flags().Args()
	switch {
	case len(before) > 0 && cmd.HasSubCommands():
		return unknownCommand(cmd, before[0])
	case strings.HasPrefix(err.Error(), "unknown shorthand flag"):
		return fmt.Errorf("%w; put -- before a name that begins with -", err)
	}
	return err
}

// called is what the arguments in a Use name.
var called = map[string]string{"ID": "client", "USERNAME": "user", "KID": "key", "GRANT": "grant", "TOKEN": "token", "LOAD": "load"}

func checkArguments(cmd *cobra.Command, args []string) error {
	_, wanted, _ := strings.Cut(cmd.Use, " ")
	name := strings.Trim(wanted, "[]")
	switch {
	case len(args) > 0 && cmd.HasSubCommands():
		return unknownCommand(cmd, args[0])
	case len(args) == 0 && wanted != "" && name == wanted:
		return misused("name the %s: %s %s", called[name], cmd.CommandPath(), name)
	case len(args) > 1 && wanted != "":
		return misused("%s takes one %s", cmd.CommandPath(), called[name])
	case len(args) > 0 && wanted != "" && args[0] == "": // a shell variable that is not set
		return misused("the %s is empty: %s %s", called[name], cmd.CommandPath(), wanted)
	case len(args) > 0 && wanted == "" && cmd.Flags().Lookup("config") != nil && isFile(args[0]):
		return misused("name the configuration file with --config")
	case len(args) > 0 && wanted == "":
		return misused("%s takes no argument", cmd.CommandPath())
	}
	return nil
}

// narrowing returns what a flag holds that says whose or which. Left out it means all there is; empty it is a
// shell variable that is not set, and must not mean that.
func narrowing(cmd *cobra.Command, flag string) (string, error) {
	value, _ := cmd.Flags().GetString(flag)
	if value == "" && cmd.Flags().Changed(flag) {
		return "", misused("--%s is empty", flag)
	}
	return value, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || err == nil && !info.IsDir()
}

// plainWord looks like a command and can hold no secret.
var plainWord = regexp.MustCompile(`^[a-z-]{1,20}$`)

func unknownCommand(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 1 + len(name)/5 // letters that may be wrong
	near := cmd.SuggestionsFor(name)
	switch {
	case !plainWord.MatchString(name):
		return misused("%s has no such command", cmd.CommandPath())
	case len(near) > 0:
		return misused("%s has no command %s; did you mean %s?", cmd.CommandPath(), name, strings.Join(near, " or "))
	}
	return misused("%s has no command %s", cmd.CommandPath(), name)
}
