package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"tollgate/flows"
	"tollgate/flows/oauth"
	"tollgate/server"
)

func newGrant() *cobra.Command {
	list := manage("list", "Show what a user or a client holds", listGrants)
	revoke := manage("revoke [GRANT]", "End one grant, or everything a user or a client holds", revokeGrants)
	revoke.Example = `  tollgate grant revoke 6fYbkqTqTHm1c0cGQ4nVxA
  tollgate grant revoke --user alice                  everything issued for her, sessions too
  tollgate grant revoke --user alice --client shop    what she allowed one client, and the consent`
	for _, cmd := range []*cobra.Command{list, revoke} {
		cmd.Flags().String("user", "", "username")
		cmd.Flags().String("client", "", "client id")
	}
	return group("grant", "Manage grants", list, revoke)
}

func listGrants(ctx context.Context, cmd *cobra.Command, _ []string, n *node) error {
	user, client, err := holder(cmd)
	if err != nil {
		return err
	}
	all, err := listAll(func(cursor string, limit int) ([]flows.GrantInfo, string, error) {
		return n.flows.ListGrants(ctx, user, client, cursor, limit)
	})
	if err != nil {
		return err
	}
	shown := make([]server.GrantView, len(all))
	for i := range all {
		shown[i] = server.ViewGrant(&all[i])
	}
	return show(cmd, shown, func(w io.Writer) {
		row(w, "GRANT", "CLIENT", "USER", "SCOPE", "CREATED", "REFRESHED", "EXPIRES")
		for _, g := range all {
			row(w, string(g.ID), g.ClientID, g.Username, g.Scope.String(), moment(g.CreatedAt), moment(g.RotatedAt), moment(g.ExpiresAt))
		}
	})
}

func revokeGrants(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	if len(args) == 1 {
		if cmd.Flags().Changed("user") || cmd.Flags().Changed("client") {
			return misused("name a grant, or a user or client, not both")
		}
		if err := n.flows.RevokeGrantByID(ctx, oauth.GrantID(args[0])); err != nil {
			return err
		}
		return done(cmd, "Grant %s has ended, with all its tokens.", args[0])
	}
	if !cmd.Flags().Changed("user") && !cmd.Flags().Changed("client") {
		return misused("name a grant, or say whose: --user, --client or both")
	}
	user, client, err := holder(cmd)
	if err != nil {
		return err
	}
	if err := n.flows.RevokeGrants(ctx, user, client); err != nil {
		return err
	}
	return done(cmd, "Everything there has ended.")
}

// holder returns whose grants are meant.
func holder(cmd *cobra.Command) (user, client string, err error) {
	if user, err = narrowing(cmd, "user"); err != nil {
		return "", "", err
	}
	if client, err = narrowing(cmd, "client"); err != nil {
		return "", "", err
	}
	if user == "" && client == "" {
		return "", "", misused("say whose: --user, --client or both")
	}
	return user, client, nil
}
