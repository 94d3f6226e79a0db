package server

import (
	"context"
	"errors"
	"slices"

	"tollgate/flows/keys"
	"tollgate/flows/oauth"
)

func adminListKeys(r *request) error {
	if _, err := r.listing(); err != nil {
		return err
	}
	set := r.s.flows.Keys().Snapshot()
	if set == nil {
		return oauth.Unavailable(errNoKeys)
	}
	return sendPage(r, set.Keys(), "")
}

// adminRotateKeys gives every key, or those of one algorithm, a successor; at once where somebody
// cannot wait until everybody has seen it.
func adminRotateKeys(r *request) error {
	var body struct {
		Alg    oauth.Alg `json:"alg"`
		AtOnce bool      `json:"at_once"`
	}
	if err := r.readMembers(&body); err != nil {
		return err
	}
	if body.Alg != "" && !slices.Contains(oauth.Algs(), body.Alg) {
		return oauth.InvalidRequest("alg must be RS256, ES256 or EdDSA")
	}
	if err := keyError(r.s.flows.Keys().Rotate(r.ctx, body.Alg, body.AtOnce)); err != nil {
		return err
	}
	return r.noContent()
}

// adminRevokeKey ends a key and everything it signed.
func adminRevokeKey(r *request) error { return r.changeKey((*keys.Manager).Revoke) }

// adminRemoveKey forgets a key that signs no more.
func adminRemoveKey(r *request) error { return r.changeKey((*keys.Manager).Remove) }

func (r *request) changeKey(change func(*keys.Manager, context.Context, string) error) error {
	kid, err := r.pathID()
	if err != nil {
		return err
	}
	if err := keyError(change(r.s.flows.Keys(), r.ctx, kid)); err != nil {
		return err
	}
	return r.noContent()
}

// keyError finds the answer for what the key manager says.
func keyError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keys.ErrUnknownKey):
		return oauth.NewError(oauth.CodeNotFound, "there is no such key")
	case errors.Is(err, keys.ErrInUse):
		return oauth.NewError(oauth.CodeConflict, "the key is in use, rotate or revoke it first")
	}
	return oauth.Unavailable(err)
}
