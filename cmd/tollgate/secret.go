package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const maxSecretInput = 64 << 10

// readSecret asks for a secret at a terminal without echo, or takes the first line of standard
// input. name is what errors call it.
func readSecret(cmd *cobra.Command, prompt, name string) (string, error) {
	in, isFile := cmd.InOrStdin().(*os.File)
	if isFile && term.IsTerminal(int(in.Fd())) {
		return askSecret(cmd, int(in.Fd()), prompt, name)
	}
	line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), maxSecretInput)).ReadString('\n')
	secret := strings.TrimRight(line, "\r\n")
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return "", fmt.Errorf("read standard input: %w", err)
	case line == "":
		return "", fmt.Errorf("standard input is empty; write the %s to it, or run this in a terminal", name)
	case secret == "":
		return "", fmt.Errorf("the first line of standard input is empty; the %s belongs there", name)
	}
	return secret, nil
}

// askSecret gives the terminal its echo back also when it is interrupted.
func askSecret(cmd *cobra.Command, terminal int, prompt, name string) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	defer func() {
		signal.Stop(interrupted)
		close(interrupted)
	}()
	go func() {
		if _, ok := <-interrupted; ok {
			term.Restore(terminal, before)
			os.Exit(exitFailed)
		}
	}()
	fmt.Fprint(cmd.ErrOrStderr(), prompt)
	text, err := term.ReadPassword(terminal)
	fmt.Fprintln(cmd.ErrOrStderr())
	switch {
	case err != nil:
		return "", fmt.Errorf("read from the terminal: %w", err)
	case len(text) == 0:
		return "", fmt.Errorf("no %s was typed", name)
	}
	return string(text), nil
}

// readNewPassword asks twice at a terminal, so that a slip does not lock a person out.
func readNewPassword(cmd *cobra.Command) (string, error) {
	first, err := readSecret(cmd, "New password: ", "password")
	if err != nil {
		return "", err
	}
	if in, isFile := cmd.InOrStdin().(*os.File); !isFile || !term.IsTerminal(int(in.Fd())) {
		return first, nil
	}
	again, err := readSecret(cmd, "Once more: ", "password")
	switch {
	case err != nil:
		return "", err
	case again != first:
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return first, nil
}
