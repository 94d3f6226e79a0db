package memstore

import (
	"context"
	"maps"
	"slices"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// GetClient implements store.Clients.
func (s *Store) GetClient(_ context.Context, id string) (*oauth.Client, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c := s.clients[id]; c != nil {
		return c, nil
	}
	return nil, store.ErrAbsent
}

// CreateClient implements store.Clients.
func (s *Store) CreateClient(_ context.Context, c *oauth.Client) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[c.ID] != nil {
		return store.ErrExists
	}
	s.setClient(c, 1)
	return nil
}

// UpdateClient implements store.Clients.
func (s *Store) UpdateClient(_ context.Context, c *oauth.Client) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch stored := s.clients[c.ID]; {
	case stored == nil:
		return store.ErrAbsent
	case stored.Version != c.Version:
		return store.ErrVersion
	}
	s.setClient(c, c.Version+1)
	return nil
}

func (s *Store) setClient(c *oauth.Client, version int64) {
	stored := c.Clone()
	stored.Version = version
	s.countOrigins(s.clients[c.ID], -1)
	s.countOrigins(stored, 1)
	s.clients[c.ID] = stored
	s.generation.Add(1)
}

// countOrigins takes a client's origins in or out, once each; nil has none.
func (s *Store) countOrigins(c *oauth.Client, n int) {
	if c == nil {
		return
	}
	for _, origin := range c.AllowedOrigins {
		if s.origins[origin] += n; s.origins[origin] == 0 {
			delete(s.origins, origin)
		}
	}
}

// HasOrigin implements store.Clients.
func (s *Store) HasOrigin(_ context.Context, origin string) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.origins[origin] > 0, nil
}

// DeleteClient implements store.Clients.
func (s *Store) DeleteClient(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[id] == nil {
		return store.ErrAbsent
	}
	s.countOrigins(s.clients[id], -1)
	delete(s.clients, id)
	s.generation.Add(1)
	return nil
}

// ListClients implements store.Clients.
func (s *Store) ListClients(_ context.Context, p store.Page) ([]*oauth.Client, string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids, next, err := piece(slices.Sorted(maps.Keys(s.clients)), p)
	if err != nil {
		return nil, "", err
	}
	var clients []*oauth.Client
	for _, id := range ids {
		clients = append(clients, s.clients[id])
	}
	return clients, next, nil
}

// piece cuts the page out of all names, which are sorted, and says where the next one begins.
func piece(names []string, p store.Page) ([]string, string, error) {
	place, err := p.Place()
	if err != nil {
		return nil, "", err
	}
	if p.Cursor != "" {
		at, found := slices.BinarySearch(names, place)
		if found {
			at++
		}
		names = names[at:]
	}
	if len(names) <= p.Size() {
		return names, "", nil
	}
	names = names[:p.Size()]
	return names, store.MakeCursor(names[len(names)-1]), nil
}
