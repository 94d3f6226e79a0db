package redistore

import (
	"context"
	"strconv"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/redisx"
)

// PutCode implements store.Codes. A code is filed under its grant, because a grant has one code
// and RevokeGrant must find it. The family is listed now, when its subject is known, and so before
// there is one; but only for a little longer than the code lives, since many are never used.
func (s *Store) PutCode(ctx context.Context, code store.Hash, c *store.Code) error {
	const op = "put_code"
	grant, err := encode(op, &c.Grant)
	if err != nil {
		return err
	}
	refreshable := "0"
	if c.Refreshable {
		refreshable = "1"
	}
	put := redisx.Call{Script: putCode, Keys: []string{s.names.code(c.Grant.ID)}, Args: []string{
		string(code[:]), grant, c.Grant.ClientID, c.RedirectURI, c.Challenge, refreshable,
		ms(c.ExpiresAt), ms(c.Until), s.ttl(c.ExpiresAt),
	}}
	for _, reply := range s.redis.ExecMulti(ctx, op, append(s.listings(&c.Grant, listedFrom(c)), put)...) {
		if reply.Err != nil {
			return reply.Err
		}
	}
	return nil
}

// listedFrom is until when the family of a code is listed before there is one.
func listedFrom(c *store.Code) time.Time {
	if unused := c.ExpiresAt.Add(time.Minute); c.Refreshable && unused.Before(c.Until) {
		return unused
	}
	return c.Until
}

// ListFamily implements store.Codes.
func (s *Store) ListFamily(ctx context.Context, c *store.Code) error {
	for _, reply := range s.redis.ExecMulti(ctx, "list_family", s.listings(&c.Grant, c.Until)...) {
		if reply.Err != nil {
			return reply.Err
		}
	}
	return nil
}

// TakeCode implements store.Codes.
func (s *Store) TakeCode(ctx context.Context, t *store.TakeCode) (*store.Code, error) {
	const op = "take_code"
	values, refused := s.exec(ctx, takeCode, op,
		[]string{s.names.code(t.Grant), s.names.revokedGrant(t.Grant), s.names.family(t.Grant)},
		string(t.Code[:]), t.ClientID, t.RedirectURI, t.Challenge,
		ms(t.Now), strconv.Itoa(t.MaxMisses), ttl(t.KeepSpent), string(t.Refresh[:]), ms(t.Until))
	if len(values) == 0 {
		return nil, refused
	}
	c, err := parseCode(op, t.Grant, values)
	if err != nil {
		return nil, err
	}
	return c, refused // nil or ErrSpent
}

func parseCode(op string, id oauth.GrantID, values []string) (*store.Code, error) {
	c := &store.Code{RedirectURI: values[1], Challenge: values[2], Refreshable: values[3] == "1"}
	var err error
	if err = decodeGrant(op, values[0], id, &c.Grant); err != nil {
		return nil, err
	}
	if c.ExpiresAt, err = parseMS(values[4]); err != nil {
		return nil, err
	}
	if c.Until, err = parseMS(values[5]); err != nil {
		return nil, err
	}
	return c, nil
}

// decodeGrant reads a grant, and says ErrAbsent if it is another one's.
func decodeGrant(op, data string, id oauth.GrantID, g *oauth.Grant) error {
	if err := decode(op, data, g); err != nil {
		return err
	}
	if g.ID != id {
		return store.ErrAbsent
	}
	return nil
}
