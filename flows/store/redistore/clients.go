package redistore

import (
	"context"
	"errors"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// GetClient implements store.Clients.
func (s *Store) GetClient(ctx context.Context, id string) (*oauth.Client, error) {
	if store.IsFresh(ctx) {
		value, err := s.getCached(ctx, "get_client", s.names.client(id))
		if err != nil {
			return nil, err
		}
		return s.decoded.decode(value, id)
	}
	generation, age := s.Generation(""), time.Since(s.opened)
	client, kept := s.decoded.get(id, generation, age)
	if client == nil {
		return s.rereadClient(ctx, id, kept, generation, age)
	}
	return client, nil
}

// rereadClient decodes a record if it is not the one that is kept. The generation was read before.
// Of a client that is not known here Redis itself is asked, at once: that there is none is never said
// from memory, and no id that a stranger makes up is remembered.
func (s *Store) rereadClient(ctx context.Context, id string, kept *decodedClient, generation uint64, age time.Duration) (*oauth.Client, error) {
	const op = "get_client"
	key := s.names.client(id)
	var value string
	err := store.ErrAbsent
	if kept != nil {
		value, err = s.getCached(ctx, op, key)
	}
	if errors.Is(err, store.ErrAbsent) {
		value, err = s.getCached(store.Fresh(ctx), op, key)
	}
	switch {
	case errors.Is(err, store.ErrAbsent):
		if kept != nil {
			s.decoded.drop(id)
		}
		return nil, err
	case err != nil:
		return nil, err
	}
	if kept == nil || kept.value != value {
		client, err := parseClient(value, id)
		if err != nil {
			return nil, err
		}
		kept = &decodedClient{client: client, value: value}
		defer s.decoded.put(kept)
	}
	kept.confirm(generation, age+s.GenerationLife())
	return kept.client, nil
}

func parseClient(value, id string) (*oauth.Client, error) {
	var c oauth.Client
	if err := parseVersioned("get_client", value, &c); err != nil {
		return nil, err
	}
	if c.ID != id {
		return nil, store.ErrAbsent
	}
	return &c, nil
}

// CreateClient implements store.Clients. The listing is written after the record, and also where
// the record is there already: an earlier creation may have stopped between the two.
func (s *Store) CreateClient(ctx context.Context, c *oauth.Client) error {
	const op = "create_client"
	value, err := clientRecord(op, c, 1)
	if err != nil {
		return err
	}
	key := s.names.client(c.ID)
	created := s.create(ctx, op, key, value)
	s.redis.Wrote(key)
	if created != nil && created != store.ErrExists {
		return created
	}
	if err := s.list(ctx, op, s.names.clients(), c.ID); err != nil {
		return err
	}
	if err := s.indexOrigins(ctx, op, c.ID); err != nil {
		return err
	}
	return created
}

// UpdateClient implements store.Clients.
func (s *Store) UpdateClient(ctx context.Context, c *oauth.Client) error {
	const op = "update_client"
	value, err := clientRecord(op, c, c.Version+1)
	if err != nil {
		return err
	}
	key := s.names.client(c.ID)
	replaced := s.replace(ctx, op, key, c.Version, value)
	s.redis.Wrote(key)
	if replaced != nil && replaced != store.ErrVersion {
		return replaced
	}
	if err := s.indexOrigins(ctx, op, c.ID); err != nil { // also of one who says ErrVersion to its own update
		return err
	}
	return replaced
}

func clientRecord(op string, c *oauth.Client, version int64) (string, error) {
	stored := *c
	stored.Version = version
	return versioned(op, version, &stored)
}

// DeleteClient implements store.Clients. The record goes last: a deletion that stopped half way
// can be repeated.
func (s *Store) DeleteClient(ctx context.Context, id string) error {
	const op = "delete_client"
	if err := s.unlist(ctx, op, s.names.clients(), id); err != nil {
		return err
	}
	if err := s.dropOrigins(ctx, op, id); err != nil {
		return err
	}
	key := s.names.client(id)
	found, err := s.delDurably(ctx, op, key)
	s.redis.Wrote(key)
	if err == nil && !found {
		return store.ErrAbsent
	}
	return err
}

// ListClients implements store.Clients.
func (s *Store) ListClients(ctx context.Context, p store.Page) ([]*oauth.Client, string, error) {
	const op = "list_clients"
	ids, next, err := s.listed(ctx, op, s.names.clients(), p)
	if err != nil {
		return nil, "", err
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = s.names.client(id)
	}
	values, err := s.getAll(ctx, op, keys)
	if err != nil {
		return nil, "", err
	}
	var clients []*oauth.Client
	for i, value := range values {
		if value == "" { // deleted since the listing was read
			continue
		}
		c, err := parseClient(value, ids[i])
		if err != nil {
			return nil, "", err
		}
		clients = append(clients, c)
	}
	return clients, next, nil
}
