package flows

import (
	"context"
	"net/netip"

	"tollgate/flows/clientauth"
	"tollgate/flows/keys"
	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// Event is something that happened to somebody's credentials. It never carries one. Detail is
// from a fixed set of words, never from input.
type Event = store.Event

// EventType names what happened. The set is fixed, so that it can label a metric.
type EventType = store.EventType

// The events that exist.
const (
	EventTokenIssued      EventType = "token_issued"
	EventTokenRefreshed   EventType = "token_refreshed"
	EventRefreshReplayed  EventType = "refresh_replayed" // inside the window: an honest retry
	EventTokenRevoked     EventType = "token_revoked"
	EventGrantRevoked     EventType = "grant_revoked"  // without a grant: all of the client or subject
	EventRefreshReused    EventType = "refresh_reused" // outside it: the family is ended
	EventCodeReplayed     EventType = "code_replayed"  // its tokens are ended
	EventClientRefused    EventType = "client_refused"
	EventAdminRefused     EventType = "admin_refused" // a wrong token for the admin API
	EventLogin            EventType = "login"
	EventLoginFailed      EventType = "login_failed"
	EventLoginLocked      EventType = "login_locked" // too many attempts: more are not looked at
	EventLogout           EventType = "logout"
	EventConsentGiven     EventType = "consent_given"
	EventConsentDenied    EventType = "consent_denied"
	EventConsentWithdrawn EventType = "consent_withdrawn"
	EventClientChanged    EventType = "client_changed"
	EventUserChanged      EventType = "user_changed"
	EventKeyChanged       EventType = "key_changed"
	EventKeyRevoked       EventType = "key_revoked"
	EventStoreRolledBack  EventType = "store_rolled_back" // to older data, or to none: all tokens and logins were ended
)

// EventTypes lists every event.
func EventTypes() []EventType {
	return []EventType{
		EventTokenIssued, EventTokenRefreshed, EventRefreshReplayed, EventTokenRevoked, EventGrantRevoked,
		EventRefreshReused, EventCodeReplayed, EventClientRefused, EventAdminRefused, EventLogin, EventLoginFailed,
		EventLoginLocked, EventLogout, EventConsentGiven, EventConsentDenied, EventConsentWithdrawn, EventClientChanged,
		EventUserChanged, EventKeyChanged, EventKeyRevoked, EventStoreRolledBack,
	}
}

// Origin is the request that causes events. The id is plain: letters, digits and . _ - only.
type Origin struct {
	RequestID string
	Addr      netip.Addr // of the client; may be invalid
	By        Actor      // "" is nobody who runs the server
}

// Actor names the credential with which somebody changes what others hold.
type Actor string

// The actors there are.
const (
	ByAdminToken  Actor = "admin_token"  // over the admin API
	ByCommandLine Actor = "command_line" // with the configuration and what it opens: Redis, the master key
)

type originKey struct{}

// WithOrigin returns a context under which events name the request.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// WithActor returns a context under which events also name the credential.
func WithActor(ctx context.Context, by Actor) context.Context {
	o := originOf(ctx)
	o.By = by
	return WithOrigin(ctx, o)
}

// originOf is the request behind a context; the zero Origin where there is none.
func originOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

func (f *Flows) emit(ctx context.Context, t EventType, e Event) {
	e.Type, e.Time = t, f.now()
	o := originOf(ctx)
	e.RequestID, e.By = o.RequestID, string(o.By)
	if o.Addr.IsValid() {
		e.RemoteAddr = o.Addr.String()
	}
	if !e.Valid() {
		e.MakeValid()
	}
	f.cfg.OnEvent(e)
}

func (f *Flows) emitGrant(ctx context.Context, t EventType, g *oauth.Grant, detail string) {
	f.emit(ctx, t, Event{ClientID: g.ClientID, Subject: g.Subject, Grant: g.ID, Detail: detail})
}

// LoginLocked notes that a username has been tried too often from an address. What was typed is
// only named where it is a user's; that costs a look at the store, so callers say it once and not
// with every attempt.
func (f *Flows) LoginLocked(ctx context.Context, username string) {
	var e Event
	if user, err := f.store.FindUser(ctx, username); err == nil {
		e.Subject = user.Subject
	}
	f.emit(ctx, EventLoginLocked, e)
}

// LoginRefused notes an attempt to sign in under a name that nobody can have.
func (f *Flows) LoginRefused(ctx context.Context) {
	f.emit(ctx, EventLoginFailed, Event{Detail: whyNot(&oauth.User{})})
}

// ClientRefused notes that a caller could not prove which client it is. It names the client that the
// credentials name, if there is one: what strangers make up is nobody's name.
func (f *Flows) ClientRefused(ctx context.Context, c *clientauth.Credentials) {
	e := Event{Detail: c.Refused.String()}
	if c.Named != nil {
		e.ClientID = c.Named.ID
	}
	f.emit(ctx, EventClientRefused, e)
}

// AdminRefused notes that somebody tried the admin API with a token that does not open it.
func (f *Flows) AdminRefused(ctx context.Context) { f.emit(ctx, EventAdminRefused, Event{}) }

// KeyChanged notes what this node did to a signing key; change is one of the keys.Event words.
func (f *Flows) KeyChanged(ctx context.Context, change, kid string) {
	t := EventKeyChanged
	switch change {
	case keys.EventRevoked:
		t = EventKeyRevoked
	case keys.EventReset:
		t = EventStoreRolledBack
	}
	f.emit(ctx, t, Event{Key: kid, Detail: change})
}
