package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"tollgate/flows/oauth"
)

// What every backend keeps of events: the newest, for about a day. A busy issuer fills the number
// before the day is over.
const (
	KeepEvents = 24 * time.Hour
	MostEvents = 200_000
)

// EventType names what happened: lower-case words joined by underscores.
type EventType string

// Event is something that happened to somebody's credentials. It never carries one, and of what
// strangers send nothing but ids that are registered, a request id and a network address.
type Event struct {
	ID       string        `json:"id,omitempty"` // given by AppendEvents: Unix milliseconds, "-", a number
	Type     EventType     `json:"type"`
	Time     time.Time     `json:"time"`          // by the clock of the node, in milliseconds
	Node     string        `json:"node"`          // the process that saw it
	Seq      int64         `json:"seq,omitempty"` // the node's count; grows with every event
	ClientID string        `json:"client,omitempty"`
	Subject  string        `json:"subject,omitempty"`
	Grant    oauth.GrantID `json:"grant,omitempty"`
	Key      string        `json:"key,omitempty"`    // kid of a signing key
	Detail   string        `json:"detail,omitempty"` // from a fixed set of words
	By       string        `json:"by,omitempty"`     // the credential that did it, where it is an operator's; of fixed words
	Count    int64         `json:"count,omitempty"`  // of events like it that are not told one by one; 0: it is one itself

	// Of the request that caused it, where one did.
	RequestID  string `json:"request_id,omitempty"`
	RemoteAddr string `json:"remote_addr,omitempty"`
}

// maxEventText bounds every text of an event; ids of ours are half as long.
const maxEventText = 256

// Valid reports whether the event is of the shape of ours: a type, short texts of printable
// ASCII. Anybody who can write to the backend can forge an event, but none that a terminal obeys.
func (e *Event) Valid() bool {
	if e.Type == "" || strings.Trim(string(e.Type), "abcdefghijklmnopqrstuvwxyz_") != "" {
		return false
	}
	for _, text := range []string{string(e.Type), e.Node, e.ClientID, e.Subject, string(e.Grant), e.Key, e.Detail, e.By, e.RequestID, e.RemoteAddr} {
		if len(text) > maxEventText || strings.ContainsFunc(text, isUnplain) {
			return false
		}
	}
	return true
}

func isUnplain(r rune) bool { return r < ' ' || r > '~' }

// MakeValid puts question marks in place of what Valid refuses in ids, and cuts them. Only a record
// that was tampered with holds such an id, and then what happened to it must not go untold.
func (e *Event) MakeValid() {
	for _, text := range []*string{&e.ClientID, &e.Subject, (*string)(&e.Grant), &e.Key} {
		*text = strings.Map(func(r rune) rune {
			if isUnplain(r) {
				return '?'
			}
			return r
		}, *text)
		*text = (*text)[:min(len(*text), maxEventText)]
	}
}

// Where a reader of events may begin, beside the id of an event.
const (
	FromOldest = ""
	FromNow    = "$"
)

// EventsSince returns what to read after for the events that were stored at the moment or later.
func EventsSince(t time.Time) string {
	return strconv.FormatInt(max(0, t.UnixMilli()-1), 10) + "-" + strconv.FormatUint(1<<64-1, 10)
}

// ParseEventID splits an id into its milliseconds and its number.
func ParseEventID(id string) (ms, n uint64, ok bool) {
	left, right, found := strings.Cut(id, "-")
	ms, err := strconv.ParseUint(left, 10, 64)
	if err != nil || !found {
		return 0, 0, false
	}
	n, err = strconv.ParseUint(right, 10, 64)
	return ms, n, err == nil
}

// EventPage is a piece of the events, oldest first.
type EventPage struct {
	Events  []Event
	Next    string // what to read after next time; never FromNow
	Foreign int    // entries between Events that are not of our shape, and were left out
}

// Events keeps what happened, for people who watch. Nothing else of ours reads it.
type Events interface {
	// AppendEvents stores events of one node, in order, under ids that grow strictly. An event
	// whose Seq is not above the last one stored of its node is left out: so a caller that does
	// not know whether AppendEvents happened may call it again.
	AppendEvents(ctx context.Context, events []Event) error
	// ReadEvents returns up to max events after an id, FromOldest or FromNow. Where there are
	// none it waits for one, wait at most, and then returns none and no error. Where the backend
	// has lost what was newest, Next goes back to what is left. ErrCursor if after is no id.
	ReadEvents(ctx context.Context, after string, max int, wait time.Duration) (EventPage, error)
}
