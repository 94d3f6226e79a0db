package memstore

import (
	"context"
	"slices"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// code is filed under its grant, because a grant has one code and RevokeGrant must find it.
type code struct {
	hash   store.Hash
	code   store.Code
	misses int
	spent  bool
}

// PutCode implements store.Codes.
func (s *Store) PutCode(_ context.Context, hash store.Hash, c *store.Code) error {
	grant := string(c.Grant.ID)
	v := s.lock(grant)
	defer v.unlock()
	return v.put(kindCode, grant, &code{hash: hash, code: cloneCode(c)}, c.ExpiresAt)
}

// TakeCode implements store.Codes.
func (s *Store) TakeCode(_ context.Context, t *store.TakeCode) (*store.Code, error) {
	grant := string(t.Grant)
	v := s.lock(grant)
	defer v.unlock()
	c, ok := find[*code](v, kindCode, grant)
	if !ok || c.hash != t.Code {
		return nil, store.ErrAbsent
	}
	if !c.spent && (!t.Now.Before(c.code.ExpiresAt) || v.grantEnded(grant)) {
		return nil, store.ErrAbsent
	}
	if c.code.Grant.ClientID != t.ClientID { // a stranger learns and spends nothing
		return nil, store.ErrMismatch
	}
	if c.spent {
		taken := cloneCode(&c.code)
		return &taken, store.ErrSpent
	}
	if c.code.RedirectURI != t.RedirectURI {
		return nil, store.ErrMismatch
	}
	if c.code.Challenge != t.Challenge {
		if c.misses++; c.misses >= t.MaxMisses {
			v.spend(c, t)
		}
		return nil, store.ErrMismatch
	}
	if err := v.beginFamily(&c.code, t); err != nil { // full: nothing is spent
		return nil, err
	}
	v.spend(c, t)
	taken := cloneCode(&c.code)
	return &taken, nil
}

func (v view) spend(c *code, t *store.TakeCode) {
	c.spent = true
	v.entries[key{kindCode, string(t.Grant)}] = entry{c, later(c.code.ExpiresAt, t.Now.Add(t.KeepSpent))}
}

// endCode forgets a code that waits. A spent one stays, so that its replay is still seen.
func (v view) endCode(grant string) {
	if c, ok := find[*code](v, kindCode, grant); ok && !c.spent {
		v.drop(kindCode, grant)
	}
}

func cloneCode(c *store.Code) store.Code {
	d := *c
	d.Grant = cloneGrant(&c.Grant)
	return d
}

func cloneGrant(g *oauth.Grant) oauth.Grant {
	h := *g
	h.Scope = slices.Clone(g.Scope)
	return h
}

// ListFamily implements store.Codes. Families are listed by looking at them.
func (s *Store) ListFamily(context.Context, *store.Code) error { return nil }
