package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tollgate/flows"
)

func newToken() *cobra.Command {
	const long = "\n\nWithout an argument the token is read from a prompt or standard input, where no other user of this\nmachine can see it."
	inspect := manage("inspect [TOKEN]", "Show what a token is and whether it still counts", withKeys(inspectToken))
	revoke := manage("revoke [TOKEN]", "End a token; a refresh token ends with its whole grant", withKeys(revokeToken))
	for _, cmd := range []*cobra.Command{inspect, revoke} {
		cmd.Long = cmd.Short + "." + long
	}
	return group("token", "Look at tokens and end them", inspect, revoke)
}

// tokenView is what an operator may know of a token, in the words of RFC 7662 2.2.
type tokenView struct {
	Active    bool   `json:"active"`
	Problem   string `json:"problem,omitempty"`
	TokenUse  string `json:"token_use,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Username  string `json:"username,omitempty"`
	Scope     string `json:"scope,omitempty"`
	Audience  string `json:"aud,omitempty"`
	TokenID   string `json:"jti,omitempty"`
	SessionID string `json:"sid,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
}

func viewToken(t *flows.TokenInfo) tokenView {
	return tokenView{
		Active: t.Active, Problem: t.Problem, TokenUse: t.TokenUse, ClientID: t.ClientID, Subject: t.Subject,
		Username: t.Username, Scope: t.Scope, Audience: t.Audience, TokenID: t.TokenID, SessionID: t.SessionID,
		IssuedAt: t.IssuedAt, Expires: t.Expires,
	}
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
	info, err := n.flows.InspectToken(ctx, text)
	if err != nil {
		return err
	}
	t := viewToken(info)
	return show(cmd, t, func(w io.Writer) {
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
