package main

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tollgate/server"
)

func newToken() *cobra.Command {
	const long = "\n\nWithout an argument the token is read from a prompt or standard input, where no other user of this\nmachine can see it."
	inspect := manage("inspect [TOKEN]", "Show what a token is and whether it still counts", withKeysThere(inspectToken))
	revoke := manage("revoke [TOKEN]", "End a token; a refresh token ends with its whole grant", withKeysThere(revokeToken))
	for _, cmd := range []*cobra.Command{inspect, revoke} {
		cmd.Long = cmd.Short + "." + long
	}
	return group("token", "Look at tokens and end them", inspect, revoke)
}

func tokenArgument(cmd *cobra.Command, args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	return readSecret(cmd, "Token: ", "token")
}

func inspectToken(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	text, err := tokenArgument(cmd, args)
	if err != nil {
		return err
	}
	t, err := n.flows.InspectToken(ctx, text)
	if err != nil {
		return err
	}
	return show(cmd, json.RawMessage(server.ViewToken(t)), func(w io.Writer) {
		if !t.Active {
			row(w, "active", "no: "+t.Problem)
			return
		}
		row(w, "active", "yes")
		field(w, "use", t.TokenUse)
		field(w, "client", t.ClientID)
		field(w, "subject", t.Subject)
		field(w, "user", t.Username)
		field(w, "scope", t.Scope)
		field(w, "audience", t.Audience)
		field(w, "token id", t.TokenID)
		field(w, "session", t.SessionID)
		field(w, "issued", unix(t.IssuedAt))
		field(w, "expires", unix(t.Expires))
	})
}

func unix(seconds int64) string {
	if seconds == 0 {
		return ""
	}
	return moment(time.Unix(seconds, 0))
}

func revokeToken(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	text, err := tokenArgument(cmd, args)
	if err != nil {
		return err
	}
	if err := n.flows.RevokeAnyToken(ctx, text); err != nil {
		return err
	}
	return done(cmd, "The token has ended.")
}
