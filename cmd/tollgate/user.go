package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tollgate/flows/oauth"
	"tollgate/server"
)

func newUser() *cobra.Command {
	create := manage("create USERNAME", "Register a user; the password is read from a prompt or standard input", createUser)
	flags := create.Flags()
	flags.String("name", "", "full name")
	flags.String("given-name", "", "given name")
	flags.String("family-name", "", "family name")
	flags.String("email", "", "email address")
	flags.Bool("email-verified", false, "the address is known to be theirs")
	return group("user", "Manage users",
		create,
		manage("get USERNAME", "Show a user", getUser),
		manage("list", "Show all users", listUsers),
		manage("set-password USERNAME", "Set a password, read from a prompt or standard input; ends all sessions and grants", setPassword),
		manage("disable USERNAME", "Shut a user out and end everything issued for them", disableUser(true)),
		manage("enable USERNAME", "Let a user in again", disableUser(false)),
		manage("delete USERNAME", "Remove a user and end everything issued for them", deleteUser),
	)
}

func createUser(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	flags := cmd.Flags()
	u := &oauth.User{Username: args[0]}
	u.Name, _ = flags.GetString("name")
	u.GivenName, _ = flags.GetString("given-name")
	u.FamilyName, _ = flags.GetString("family-name")
	u.Email, _ = flags.GetString("email")
	u.EmailVerified, _ = flags.GetBool("email-verified")
	password, err := readNewPassword(cmd)
	if err != nil {
		return err
	}
	created, err := n.flows.CreateUser(ctx, u, password)
	if err != nil {
		return withValues(err, userValues(u))
	}
	return showUser(ctx, cmd, n, created)
}

func getUser(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	u, err := n.flows.GetUser(ctx, args[0])
	if err != nil {
		return err
	}
	return showUser(ctx, cmd, n, u)
}

func listUsers(ctx context.Context, cmd *cobra.Command, _ []string, n *node) error {
	all, err := listAll(func(cursor string, limit int) ([]*oauth.User, string, error) {
		return n.flows.ListUsers(ctx, cursor, limit)
	})
	if err != nil {
		return err
	}
	shown := make([]server.UserView, len(all))
	for i, u := range all {
		shown[i] = server.ViewUser(u, time.Time{})
	}
	return show(cmd, shown, func(w io.Writer) {
		row(w, "USERNAME", "SUBJECT", "NAME", "EMAIL", "DISABLED", "CREATED")
		for _, u := range all {
			row(w, u.Username, u.Subject, u.Name, u.Email, yes(u.Disabled), moment(u.CreatedAt))
		}
	})
}

func setPassword(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	if _, err := n.flows.GetUser(ctx, args[0]); err != nil {
		return err // before anybody types
	}
	password, err := readNewPassword(cmd)
	if err != nil {
		return err
	}
	if _, err := n.flows.SetPassword(ctx, args[0], password); err != nil {
		return err
	}
	return done(cmd, "The password of %s is set; their sessions and grants have ended.", args[0])
}

func disableUser(disabled bool) func(context.Context, *cobra.Command, []string, *node) error {
	return func(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
		u, err := n.flows.SetUserDisabled(ctx, args[0], disabled)
		if err != nil {
			return err
		}
		return showUser(ctx, cmd, n, u)
	}
}

func deleteUser(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	if err := n.flows.DeleteUser(ctx, args[0]); err != nil {
		return err
	}
	return done(cmd, "User %s is gone, and everything issued for them has ended.", args[0])
}

func showUser(ctx context.Context, cmd *cobra.Command, n *node, u *oauth.User) error {
	usable := n.flows.UserUsableFrom(ctx, u)
	return show(cmd, server.ViewUser(u, usable), func(w io.Writer) {
		row(w, "username", u.Username)
		row(w, "subject", u.Subject)
		field(w, "name", u.Name)
		field(w, "given name", u.GivenName)
		field(w, "family name", u.FamilyName)
		field(w, "email", u.Email)
		field(w, "email verified", yes(u.EmailVerified))
		field(w, "disabled", yes(u.Disabled))
		field(w, "created", moment(u.CreatedAt))
		field(w, "updated", moment(u.UpdatedAt))
		field(w, "usable from", untilUsable(usable))
	})
}
