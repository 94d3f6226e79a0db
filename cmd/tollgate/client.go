package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tollgate/flows/oauth"
	"tollgate/server"
)

func newClient() *cobra.Command {
	create := manage("create [ID]", "Register a client; its secret is shown once", createClient)
	create.Example = `  tollgate client create orders --grant client_credentials --scope "orders:read orders:write"
  tollgate client create shop --redirect-uri https://shop.example.com/callback --scope "openid profile"
  tollgate client create phone --public --redirect-uri http://127.0.0.1/callback --scope "openid offline_access"
  tollgate client create gateway --introspect-any`
	update := manage("update ID", "Change what is named by a flag", updateClient)
	addClientFlags(create.Flags(), "")
	addClientFlags(update.Flags(), "; replaces all there are")
	const public = "it cannot keep a secret: an app in a browser or on a phone"
	create.Flags().Bool("public", false, public)
	update.Flags().Bool("public", false, public)
	update.Flags().MarkHidden("public") // it is there to be refused with the reason
	return group("client", "Manage clients",
		create,
		manage("get ID", "Show a client", getClient),
		manage("list", "Show all clients", listClients),
		update,
		manage("rotate-secret ID", "Give a client a new secret, shown once; the old one ends at once", rotateSecret),
		manage("delete ID", "Remove a client and end everything it holds", deleteClient),
	)
}

// addClientFlags adds what create and update share. many is what becomes of the values there were, where a
// flag holds several.
func addClientFlags(flags *pflag.FlagSet, many string) {
	flags.String("name", "", "name that people see on the consent page")
	flags.StringSlice("grant", nil, "grant type it may use; may be repeated"+many)
	flags.StringSlice("redirect-uri", nil, "where codes may be sent; may be repeated"+many)
	flags.StringSlice("post-logout-redirect-uri", nil, "where people may be sent after logout; may be repeated"+many)
	flags.StringSlice("allowed-origin", nil, "origin of a page that may call /token, /revoke and /userinfo for it, such as https://app.example.com; may be repeated"+many)
	flags.String("scope", "", "scopes it may ask for, separated by spaces"+many)
	flags.String("auth-method", "", "client_secret_basic or client_secret_post; either by default")
	flags.String("audience", "", "audience of its access tokens")
	flags.String("signing-alg", "", "RS256, ES256 or EdDSA; the server's by default")
	flags.Bool("introspect-any", false, "it may look at tokens of other clients: a gateway")
	flags.Bool("disabled", false, "it may do nothing; disabling ends everything it holds")
}

// applyClientFlags puts every flag that was given into the client.
func applyClientFlags(flags *pflag.FlagSet, c *oauth.Client) error {
	var problem error
	flags.Visit(func(f *pflag.Flag) {
		text := f.Value.String()
		list, _ := flags.GetStringSlice(f.Name)
		on := text == "true"
		switch f.Name {
		case "name":
			c.Name = text
		case "grant":
			c.GrantTypes = nil
			for _, g := range list {
				c.GrantTypes = append(c.GrantTypes, oauth.GrantType(g))
			}
		case "redirect-uri":
			c.RedirectURIs = list
		case "post-logout-redirect-uri":
			c.PostLogoutRedirectURIs = list
		case "allowed-origin":
			c.AllowedOrigins = list
		case "scope":
			if c.Scope, problem = oauth.ParseScope(text); problem != nil {
				problem = misused("--scope is %s: %s", quoted(text), explain(problem))
			}
		case "auth-method":
			c.AuthMethod = oauth.AuthMethod(text)
		case "audience":
			c.Audience = text
		case "signing-alg":
			c.SigningAlg = oauth.Alg(text)
		case "introspect-any":
			c.IntrospectAny = on
		case "disabled":
			c.Disabled = on
		case "public":
			if on {
				c.AuthMethod = oauth.AuthNone
			}
		}
	})
	return problem
}

func createClient(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	c := &oauth.Client{}
	if len(args) > 0 {
		c.ID = args[0]
	}
	if err := applyClientFlags(cmd.Flags(), c); err != nil {
		return err
	}
	if !cmd.Flags().Changed("grant") {
		c.GrantTypes = c.UsualGrants()
	}
	created, secret, err := n.flows.CreateClient(ctx, c)
	if err != nil {
		return withValues(err, clientValues(c))
	}
	return showClient(ctx, cmd, n, created, secret)
}

func getClient(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	c, err := n.flows.GetClient(ctx, args[0])
	if err != nil {
		return err
	}
	return showClient(ctx, cmd, n, c, "")
}

func listClients(ctx context.Context, cmd *cobra.Command, _ []string, n *node) error {
	all, err := listAll(func(cursor string, limit int) ([]*oauth.Client, string, error) {
		return n.flows.ListClients(ctx, cursor, limit)
	})
	if err != nil {
		return err
	}
	shown := make([]server.ClientView, len(all))
	for i, c := range all {
		shown[i] = server.ViewClient(c, "", time.Time{})
	}
	return show(cmd, shown, func(w io.Writer) {
		row(w, "ID", "NAME", "GRANTS", "SCOPE", "PUBLIC", "INTROSPECTS ANY", "DISABLED")
		for _, c := range all {
			row(w, c.ID, c.Name, words(c.GrantTypes), c.Scope.String(), yes(c.Public()), yes(c.IntrospectAny), yes(c.Disabled))
		}
	})
}

func updateClient(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	switch flags := cmd.Flags(); {
	case flags.Changed("public"):
		return misused("whether a client is public is said when it is created; create another")
	case !changesClient(flags):
		return misused("nothing to change; give a flag for what is to be different")
	}
	c, err := n.flows.GetClient(ctx, args[0])
	if err != nil {
		return err
	}
	if err := applyClientFlags(cmd.Flags(), c); err != nil {
		return err
	}
	updated, err := n.flows.UpdateClient(ctx, c)
	if err != nil {
		return withValues(err, clientValues(c))
	}
	return showClient(ctx, cmd, n, updated, "")
}

// changesClient reports whether a flag was given that says something about a client.
func changesClient(flags *pflag.FlagSet) bool {
	changes := false
	flags.Visit(func(f *pflag.Flag) { changes = changes || f.Name != "config" && f.Name != "output" })
	return changes
}

func rotateSecret(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	c, secret, err := n.flows.RotateSecret(ctx, args[0])
	if err != nil {
		return err
	}
	return showClient(ctx, cmd, n, c, secret)
}

func deleteClient(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	if err := n.flows.DeleteClient(ctx, args[0]); err != nil {
		return err
	}
	return done(cmd, "Client %s is gone, and everything it held has ended.", args[0])
}

func showClient(ctx context.Context, cmd *cobra.Command, n *node, c *oauth.Client, secret string) error {
	usable := n.flows.ClientUsableFrom(ctx, c)
	err := show(cmd, server.ViewClient(c, secret, usable), func(w io.Writer) {
		row(w, "client_id", c.ID)
		field(w, "client_secret", secret)
		field(w, "name", c.Name)
		field(w, "public", yes(c.Public()))
		field(w, "auth method", string(c.AuthMethod))
		field(w, "grants", words(c.GrantTypes))
		field(w, "scope", c.Scope.String())
		field(w, "redirect URIs", strings.Join(c.RedirectURIs, " "))
		field(w, "after logout", strings.Join(c.PostLogoutRedirectURIs, " "))
		field(w, "allowed origins", strings.Join(c.AllowedOrigins, " "))
		field(w, "audience", c.Audience)
		field(w, "signing alg", string(c.SigningAlg))
		field(w, "introspects any", yes(c.IntrospectAny))
		field(w, "disabled", yes(c.Disabled))
		field(w, "created", moment(c.CreatedAt))
		field(w, "updated", moment(c.UpdatedAt))
		field(w, "usable from", untilUsable(usable))
	})
	if err == nil && secret != "" && !wantsJSON(cmd) {
		fmt.Fprintln(cmd.ErrOrStderr(), "\nKeep the secret now: it is shown this once.")
	}
	return err
}

// words joins names with spaces.
func words[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, " ")
}
