package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

func newKey() *cobra.Command {
	rotate := manage("rotate", "Publish successors of the signing keys", withKeys(rotateKeys))
	rotate.Long = `Rotate publishes a new key, which signs once every verifier had keys.publish_ahead to learn of it. The
old key stays published until the last token it signed has expired. With --now the new key signs at once.`
	rotate.Flags().String("alg", "", "only this algorithm: RS256, ES256 or EdDSA")
	rotate.Flags().Bool("now", false, "sign with the new key at once")
	return group("key", "Manage signing keys",
		manage("list", "Show signing keys and their states", listKeys),
		rotate,
		manage("revoke KID", "Emergency: refuse everything a key has signed; an active key is replaced", withKeysThere(revokeKey)),
		newMasterKey(),
	)
}

func newMasterKey() *cobra.Command {
	return &cobra.Command{
		Use: "new-master", Short: "Print a fresh master key for keys.master_key_file",
		Example: "  (umask 077; tollgate key new-master > master.key)",
		RunE: does(func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), keys.NewMasterKey())
			return err
		}),
	}
}

// withKeys loads the signing keys first, and makes them where there are none.
func withKeys(run func(context.Context, *cobra.Command, []string, *node) error) func(context.Context, *cobra.Command, []string, *node) error {
	return func(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
		if err := n.keys.Load(ctx); err != nil {
			return err
		}
		return run(ctx, cmd, args, n)
	}
}

// withKeysThere reads the signing keys, and makes none: where there are none, there is nothing to show or end.
func withKeysThere(run func(context.Context, *cobra.Command, []string, *node) error) func(context.Context, *cobra.Command, []string, *node) error {
	return func(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
		err := n.keys.Read(ctx)
		if errors.Is(err, store.ErrAbsent) {
			return errors.New("there are no signing keys in this Redis; is it the one, with the key prefix, that the server uses?")
		}
		if err != nil {
			return err
		}
		return run(ctx, cmd, args, n)
	}
}

// listKeys looks, and makes no keys where there are none yet.
func listKeys(ctx context.Context, cmd *cobra.Command, _ []string, n *node) error {
	err := n.keys.Read(ctx)
	if errors.Is(err, store.ErrAbsent) {
		fmt.Fprintln(cmd.ErrOrStderr(), "there are no signing keys yet; the first server to start makes them")
		return showKeys(cmd, []keys.Info{})
	}
	if err != nil {
		return err
	}
	return showKeys(cmd, n.keys.Snapshot().Keys())
}

func showKeys(cmd *cobra.Command, all []keys.Info) error {
	return show(cmd, all, func(w io.Writer) {
		row(w, "KID", "ALG", "STATE", "CREATED", "SIGNS FROM", "SIGNS UNTIL", "PUBLISHED UNTIL")
		for _, k := range all {
			from, until, published := moment(k.ActiveAt), moment(k.RetiredAt), moment(k.RemoveAt)
			if k.State == keys.Revoked {
				published = moment(k.RevokedAt)
				if k.RevokedAt.Before(k.ActiveAt) {
					from, until = "never", ""
				}
			}
			row(w, k.KID, string(k.Alg), string(k.State), moment(k.CreatedAt), from, until, published)
		}
	})
}

func rotateKeys(ctx context.Context, cmd *cobra.Command, _ []string, n *node) error {
	alg, _ := cmd.Flags().GetString("alg")
	now, _ := cmd.Flags().GetBool("now")
	if cmd.Flags().Changed("alg") && !slices.Contains(oauth.Algs(), oauth.Alg(alg)) {
		return misused("--alg is %q; it can be %s", alg, words(oauth.Algs()))
	}
	before := n.keys.Snapshot().Keys()
	if err := n.keys.Rotate(ctx, oauth.Alg(alg), now); err != nil {
		return err
	}
	if !now {
		sayWaiting(cmd, before, oauth.Alg(alg))
	}
	return showKeys(cmd, n.keys.Snapshot().Keys())
}

// sayWaiting names the successors that waited before a rotation, which therefore made no new ones.
func sayWaiting(cmd *cobra.Command, before []keys.Info, alg oauth.Alg) {
	for _, k := range before {
		if k.State == keys.Next && (alg == "" || alg == k.Alg) {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: nothing to do: %s waits already and signs from %s; with --now it signs at once\n",
				k.Alg, k.KID, moment(k.ActiveAt))
		}
	}
}

func revokeKey(ctx context.Context, cmd *cobra.Command, args []string, n *node) error {
	err := n.keys.Revoke(ctx, args[0])
	switch {
	case errors.Is(err, keys.ErrUnknownKey):
		return errors.New("there is no such key; see `tollgate key list`")
	case err != nil:
		return err
	}
	return showKeys(cmd, n.keys.Snapshot().Keys())
}
