package memstore

import (
	"context"
	"errors"
	"slices"

	"tollgate/flows/store"
)

// ListFamilies implements store.Families. It looks at every family there is: what lives in one
// process is small, and only administrators ask.
func (s *Store) ListFamilies(_ context.Context, subject, clientID string, p store.Page) ([]*store.Family, string, error) {
	if subject == "" && clientID == "" {
		return nil, "", errors.New("memstore: list families: neither subject nor client given")
	}
	before, _, err := p.FamilyPlace()
	if err != nil {
		return nil, "", err
	}
	byPlace := map[string]*store.Family{}
	for i := range s.shards {
		v := s.lockShard(&s.shards[i])
		for k := range v.entries {
			if k.kind != kindFamily {
				continue
			}
			f, ok := find[*family](v, kindFamily, k.id)
			if !ok || f.ended || !belongs(&f.family, subject, clientID) {
				continue
			}
			if at := f.family.Place(); before == "" || at < before {
				byPlace[at] = cloneFamily(&f.family)
			}
		}
		v.unlock()
	}
	families, next := newestFirst(byPlace, p.Size())
	return families, next, nil
}

func belongs(f *store.Family, subject, clientID string) bool {
	return (subject == "" || f.Grant.Subject == subject) && (clientID == "" || f.Grant.ClientID == clientID)
}

func newestFirst(byPlace map[string]*store.Family, limit int) (families []*store.Family, next string) {
	places := make([]string, 0, len(byPlace))
	for at := range byPlace {
		places = append(places, at)
	}
	slices.Sort(places)
	slices.Reverse(places)
	if len(places) > limit {
		places = places[:limit]
		next = store.MakeCursor(places[limit-1])
	}
	for _, at := range places {
		families = append(families, byPlace[at])
	}
	return families, next
}
