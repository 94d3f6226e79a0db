package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"tollgate/cmd/tollgate/config"
	"tollgate/flows/oauth"
)

// failure is an error of what was asked for; every other error is one of how it was asked.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// does makes a function a command's RunE.
func does(run func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		var wrong *misuse
		switch err := run(cmd, args); {
		case err == nil:
			return nil
		case errors.As(err, &wrong):
			return err
		default:
			return &failure{err}
		}
	}
}

// misuse is a command line that parses and makes no sense.
type misuse struct{ text string }

func (m *misuse) Error() string { return m.text }

func misused(format string, args ...any) error { return &misuse{fmt.Sprintf(format, args...)} }

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, _ []string) error {
		return misused("%s wants one of its commands", cmd.CommandPath())
	}}
	cmd.AddCommand(commands...)
	return cmd
}

// withConfig gives a command the flag --config.
func withConfig(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("config", "", "configuration file (also "+config.EnvFile+")")
	return cmd
}

// configFile returns --config, or what the environment says, or "".
func configFile(cmd *cobra.Command) string {
	if file, _ := cmd.Flags().GetString("config"); file != "" {
		return file
	}
	return os.Getenv(config.EnvFile)
}

// loadConfig reads the configuration of a command. ofDev says what to do instead to what runs under
// tollgate dev, which has none; "" where nothing can be done.
func loadConfig(cmd *cobra.Command, ofDev string) (*config.Config, error) {
	file := configFile(cmd)
	c, err := config.Load(file, os.Environ())
	if err != nil {
		return nil, configError(file, ofDev, err)
	}
	return c, nil
}

func configError(file, ofDev string, err error) error {
	if file == "" {
		file = "no configuration file is named (--config FILE or " + config.EnvFile + "), and the environment alone is not enough" + ofDev
	}
	return fmt.Errorf("%s:\n%w", file, indented{err})
}

// indented puts two spaces before every line of an error.
type indented struct{ err error }

func (i indented) Unwrap() error { return i.err }

func (i indented) Error() string { return indent(i.err.Error()) }

// explain turns an error into words for a person at a terminal, with the fix where there is one.
func explain(err error) string {
	var answer *oauth.Error
	if !errors.As(err, &answer) {
		return err.Error()
	}
	switch answer.Code {
	case oauth.CodeTemporarilyUnavailable, oauth.CodeServerError:
		if answer.Cause != nil {
			return answer.Description + ": " + answer.Cause.Error()
		}
	}
	return answer.Description
}
