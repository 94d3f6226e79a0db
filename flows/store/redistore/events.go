package redistore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"tollgate/flows/store"
	"tollgate/redisx"
)

const (
	eventField = "event"
	// maxEvent is the longest entry that is looked at; ours are a tenth of it.
	maxEvent = 16 << 10
)

// AppendEvents implements store.Events. Events are also published on a channel named like the
// stream, for whoever listens; nothing of ours does.
func (s *Store) AppendEvents(ctx context.Context, events []store.Event) error {
	const op = "append_events"
	if len(events) == 0 {
		return nil
	}
	args := []string{ttl(store.KeepEvents), strconv.Itoa(store.MostEvents), s.names.events()}
	for _, e := range events {
		if e.Node != events[0].Node {
			return fmt.Errorf("redistore: %s: events of two nodes", op)
		}
		data, err := encode(op, e)
		if err != nil {
			return err
		}
		args = append(args, strconv.FormatInt(e.Seq, 10), data)
	}
	_, err := s.exec(ctx, appendEvents, op, []string{s.names.events(), s.names.appended(events[0].Node)}, args...)
	return err
}

// ReadEvents implements store.Events.
func (s *Store) ReadEvents(ctx context.Context, after string, most int, wait time.Duration) (store.EventPage, error) {
	var err error
	switch after {
	case store.FromOldest:
		after = "0-0"
	case store.FromNow:
		if after, err = s.newestEvent(ctx); err != nil {
			return store.EventPage{}, err
		}
	}
	if _, _, ok := store.ParseEventID(after); !ok {
		return store.EventPage{}, store.ErrCursor
	}
	entries, err := s.readEvents(ctx, after, most, wait)
	if err != nil {
		return store.EventPage{}, err
	}
	page := store.EventPage{Next: after}
	if len(entries) == 0 && wait > 0 {
		page.Next, err = s.noLaterThan(ctx, after)
		return page, err
	}
	for _, entry := range entries {
		page.Next = entry.ID
		if e, ok := parseEvent(entry); ok {
			page.Events = append(page.Events, e)
		} else {
			page.Foreign++
		}
	}
	return page, nil
}

// newestEvent returns the id of the last event.
func (s *Store) newestEvent(ctx context.Context) (string, error) {
	const op = "newest_event"
	message, err := s.redis.Do(ctx, op, s.redis.B().Xrevrange().Key(s.names.events()).End("+").Start("-").Count(1).Build())
	if err != nil {
		return "", err
	}
	entries, err := message.AsXRange()
	switch {
	case err != nil:
		return "", fmt.Errorf("redistore: %s: %w", op, err)
	case len(entries) == 0:
		return "0-0", nil
	}
	return entries[0].ID, nil
}

// noLaterThan returns the id, or the newest there is if that is below it: then the stream began
// anew, or an id was forged, and whoever reads after it would see nothing for long.
func (s *Store) noLaterThan(ctx context.Context, id string) (string, error) {
	newest, err := s.newestEvent(ctx)
	if err != nil {
		return "", err
	}
	ms, n, _ := store.ParseEventID(id)
	if lastMS, lastN, ok := store.ParseEventID(newest); ok && (lastMS < ms || lastMS == ms && lastN < n) {
		return newest, nil
	}
	return id, nil
}

func (s *Store) readEvents(ctx context.Context, after string, most int, wait time.Duration) ([]rueidis.XRangeEntry, error) {
	const op = "read_events"
	read := s.redis.B().Xread().Count(int64(most))
	var message rueidis.RedisMessage
	var err error
	if ms := wait.Milliseconds(); ms > 0 { // BLOCK 0 is for ever
		message, err = s.redis.DoWait(ctx, op, wait, read.Block(ms).Streams().Key(s.names.events()).Id(after).Build())
	} else {
		message, err = s.redis.Do(ctx, op, read.Streams().Key(s.names.events()).Id(after).Build())
	}
	switch {
	case errors.Is(err, redisx.ErrNil): // nothing came
		return nil, nil
	case err != nil:
		return nil, err
	}
	streams, err := message.AsXRead()
	if err != nil {
		return nil, fmt.Errorf("redistore: %s: %w", op, err)
	}
	return streams[s.names.events()], nil
}

// parseEvent reads an entry, unless it is none of ours.
func parseEvent(entry rueidis.XRangeEntry) (store.Event, bool) {
	var e store.Event
	data := entry.FieldValues[eventField]
	if len(data) > maxEvent || decode("read_events", data, &e) != nil || !e.Valid() {
		return store.Event{}, false
	}
	e.ID, e.Time = entry.ID, e.Time.UTC()
	return e, true
}
