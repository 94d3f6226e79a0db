package redistore

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/rueidis"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// ListFamilies implements store.Families. Newest first means the last to expire first, which is
// the same where all live equally long.
func (s *Store) ListFamilies(ctx context.Context, subject, clientID string, p store.Page) ([]*store.Family, string, error) {
	var listing string
	switch {
	case subject != "": // with a client too: a person has few families, a client may have a million
		listing = s.names.familiesOfSubject(subject)
	case clientID != "":
		listing = s.names.familiesOfClient(clientID)
	default:
		return nil, "", errors.New("redistore: list families: neither subject nor client given")
	}
	w, err := s.walk(listing, p)
	if err != nil {
		return nil, "", err
	}
	belongs := func(f *store.Family) bool {
		return (subject == "" || f.Grant.Subject == subject) && (clientID == "" || f.Grant.ClientID == clientID)
	}
	families, err := w.collect(ctx, belongs, p.Size()+1)
	if err != nil || len(families) <= p.Size() {
		return families, "", err
	}
	families = families[:p.Size()]
	return families, store.MakeCursor(families[len(families)-1].Place()), nil
}

// walk goes through a listing from a place on, downwards.
type walk struct {
	store   *Store
	listing string
	max     string // score to begin with
	after   string // place of the last one seen; "" for none
	offset  int64
}

const walkStep = 128

func (s *Store) walk(listing string, p store.Page) (*walk, error) {
	place, expires, err := p.FamilyPlace()
	if err != nil {
		return nil, err
	}
	w := &walk{store: s, listing: listing, max: "+inf", after: place}
	if place != "" {
		w.max = strconv.FormatInt(expires, 10)
	}
	return w, nil
}

// collect returns up to limit families that live and belong.
func (w *walk) collect(ctx context.Context, belongs func(*store.Family) bool, limit int) ([]*store.Family, error) {
	var families []*store.Family
	for {
		ids, err := w.step(ctx)
		if err != nil || len(ids) == 0 {
			return families, err
		}
		found, err := w.read(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			at := f.Place()
			if w.after != "" && at >= w.after { // before the page, or moved down by a newer one
				continue
			}
			w.after = at
			if !belongs(f) {
				continue
			}
			if families = append(families, f); len(families) == limit {
				return families, nil
			}
		}
	}
}

func (w *walk) step(ctx context.Context) ([]string, error) {
	redis := w.store.redis
	message, err := redis.Do(ctx, "list_families", redis.B().Zrevrangebyscore().Key(w.listing).
		Max(w.max).Min("("+ms(w.store.now())).Limit(w.offset, walkStep).Build())
	if err != nil {
		return nil, err
	}
	ids, err := message.AsStrSlice()
	w.offset += int64(len(ids))
	return ids, err
}

// read returns the families that live. What is absent or ended waits for its score to expire.
func (w *walk) read(ctx context.Context, ids []string) ([]*store.Family, error) {
	s := w.store
	cmds := make([]rueidis.Completed, len(ids))
	for i, id := range ids {
		cmds[i] = s.redis.B().Hmget().Key(s.names.family(oauth.GrantID(id))).Field(familyFields...).Build()
	}
	var families []*store.Family
	for i, reply := range s.redis.DoMulti(ctx, "list_families", cmds...) {
		f, err := readFamily("list_families", oauth.GrantID(ids[i]), reply)
		if errors.Is(err, store.ErrAbsent) || errors.Is(err, store.ErrEnded) {
			continue
		}
		if err != nil {
			return nil, err
		}
		families = append(families, f)
	}
	return families, nil
}
