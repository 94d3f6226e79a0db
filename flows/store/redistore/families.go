package redistore

import (
	"context"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/redisx"
)

// listings note a family where those of its subject and of its client are listed.
func (s *Store) listings(g *oauth.Grant, until time.Time) []redisx.Call {
	args := []string{ms(until), string(g.ID), ms(s.now()), s.ttl(until)}
	return []redisx.Call{
		{Script: indexFamily, Keys: []string{s.names.familiesOfSubject(g.Subject)}, Args: args},
		{Script: indexFamily, Keys: []string{s.names.familiesOfClient(g.ClientID)}, Args: args},
	}
}

// GetFamily implements store.Families.
func (s *Store) GetFamily(ctx context.Context, id oauth.GrantID) (*store.Family, error) {
	const op = "get_family"
	replies := s.redis.DoMulti(ctx, op,
		s.redis.B().Hmget().Key(s.names.family(id)).Field(familyFields...).Build(),
		s.redis.B().Get().Key(s.names.revokedGrant(id)).Build())
	if replies[1].Err == nil {
		return nil, store.ErrEnded
	}
	if replies[1].Err != redisx.ErrNil {
		return nil, replies[1].Err
	}
	f, err := readFamily(op, id, replies[0])
	if err == nil && s.over(f.ExpiresAt) {
		return nil, store.ErrAbsent
	}
	return f, err
}

// familyFields are what readFamily reads. The first two are always there.
var familyFields = []string{"client", "expires", "ended", "grant", "current", "rotated"}

func readFamily(op string, id oauth.GrantID, reply redisx.Reply) (*store.Family, error) {
	if reply.Err != nil {
		return nil, reply.Err
	}
	values, err := row(reply.RedisMessage)
	if err != nil {
		return nil, err
	}
	if values[2] != "" {
		return nil, store.ErrEnded
	}
	return parseFamily(op, id, values[3], values[1], values[4], values[5])
}

func parseFamily(op string, id oauth.GrantID, grant, expires, current, rotated string) (*store.Family, error) {
	var f store.Family
	err := decodeGrant(op, grant, id, &f.Grant)
	if err != nil {
		return nil, err
	}
	if f.ExpiresAt, err = parseMS(expires); err != nil {
		return nil, err
	}
	if rotated != "" {
		if f.RotatedAt, err = parseMS(rotated); err != nil {
			return nil, err
		}
	}
	copy(f.Current[:], current) // "" where there is no refresh token
	return &f, nil
}

// Rotate implements store.Families.
func (s *Store) Rotate(ctx context.Context, r *store.Rotation) (*store.Family, []byte, error) {
	const op = "rotate"
	values, refused := s.exec(ctx, rotate, op,
		[]string{s.names.family(r.Grant), s.names.revokedGrant(r.Grant), s.names.code(r.Grant)},
		string(r.Presented[:]), r.ClientID, string(r.Successor[:]), string(r.Sealed),
		ms(r.Now), ttl(r.Window), ttl(r.EndUntil.Sub(r.Now)), r.Scope.String())
	if refused != nil { // the family may be ended now
		s.redis.Wrote(s.names.revokedGrant(r.Grant))
	}
	if len(values) == 0 {
		return nil, nil, refused
	}
	if len(values) == rotatedNow {
		return rotated(op, r, values[0], values[1])
	}
	f, err := parseFamily(op, r.Grant, values[0], values[1], values[2], values[3])
	if err != nil {
		return nil, nil, err
	}
	if refused != nil { // ErrReused
		return f, nil, refused
	}
	return f, []byte(values[4]), nil
}

// rotatedNow is how many values follow "ok" where the token was the current one.
const rotatedNow = 2

// rotated is the family after the rotation that was asked for.
func rotated(op string, r *store.Rotation, grant, expires string) (*store.Family, []byte, error) {
	f := &store.Family{Current: r.Successor, RotatedAt: time.UnixMilli(r.Now.UnixMilli()).UTC()}
	if err := decodeGrant(op, grant, r.Grant, &f.Grant); err != nil {
		return nil, nil, err
	}
	var err error
	f.ExpiresAt, err = parseMS(expires)
	return f, r.Sealed, err
}

// EndFamily implements store.Families.
func (s *Store) EndFamily(ctx context.Context, id oauth.GrantID, owner string, until time.Time) (*store.Family, error) {
	const op = "end_family"
	revoked := s.names.revokedGrant(id)
	defer s.redis.Wrote(revoked)
	values, refused := s.exec(ctx, endFamily, op, []string{s.names.family(id), revoked, s.names.code(id)}, owner, s.ttl(until))
	if refused != nil {
		return nil, refused
	}
	return parseFamily(op, id, values[0], values[1], values[2], values[3])
}
