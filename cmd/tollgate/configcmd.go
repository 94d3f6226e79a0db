package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tollgate/cmd/tollgate/config"
)

func newConfig() *cobra.Command {
	return group("config", "Check and show the configuration",
		withConfig(withOutput(&cobra.Command{
			Use: "check", Short: "Name every problem of a configuration at once",
			RunE: does(runConfigCheck),
		})),
		withConfig(withOutput(&cobra.Command{
			Use: "print", Short: "Show every key with its value; secrets show as <secret>",
			RunE: does(runConfigPrint),
		})),
	)
}

// checked is the answer of `config check` for scripts.
type checked struct {
	OK       bool             `json:"ok"`
	Problems []config.Problem `json:"problems"`
	Warnings []config.Problem `json:"warnings"`
}

func runConfigCheck(cmd *cobra.Command, _ []string) error {
	file := configFile(cmd)
	c, err := config.Load(file, os.Environ())
	answer := checked{OK: err == nil, Problems: []config.Problem{}, Warnings: []config.Problem{}}
	var problems config.Problems
	if errors.As(err, &problems) {
		answer.Problems = problems
	}
	if c != nil {
		answer.Warnings = append(answer.Warnings, c.Warnings()...)
	}
	showErr := show(cmd, answer, func(w io.Writer) {
		for _, warning := range answer.Warnings {
			fmt.Fprintln(w, "warning: "+warning.String())
		}
		if answer.OK {
			fmt.Fprintln(w, "The configuration is good.")
		}
	})
	switch {
	case err == nil:
		return showErr
	case len(problems) == 1:
		return configError(file, "", fmt.Errorf("%w\n1 problem", err))
	}
	return configError(file, "", fmt.Errorf("%w\n%d problems", err, len(problems)))
}

func runConfigPrint(cmd *cobra.Command, _ []string) error {
	c, err := loadConfig(cmd, "")
	if err != nil {
		return err
	}
	render := c.YAML
	if wantsJSON(cmd) {
		render = c.JSON
	}
	text, err := render()
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(string(text)))
	return nil
}
