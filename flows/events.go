package flows

import (
	"time"

	"tollgate/flows/oauth"
)

// EventType names what happened. The set is fixed, so that it can label a metric.
type EventType string

// The events that exist.
const (
	EventTokenIssued     EventType = "token_issued"
	EventTokenRefreshed  EventType = "token_refreshed"
	EventRefreshReplayed EventType = "refresh_replayed" // inside the window: an honest retry
	EventTokenRevoked    EventType = "token_revoked"
	EventGrantRevoked    EventType = "grant_revoked"
	EventRefreshReused   EventType = "refresh_reused" // outside it: the family is ended
	EventCodeReplayed    EventType = "code_replayed"  // its tokens are ended
	EventClientRefused   EventType = "client_refused"
	EventLogin           EventType = "login"
	EventLoginFailed     EventType = "login_failed"
	EventLogout          EventType = "logout"
	EventConsentGiven    EventType = "consent_given"
	EventConsentDenied   EventType = "consent_denied"
	EventClientChanged   EventType = "client_changed"
	EventUserChanged     EventType = "user_changed"
)

// EventTypes lists every event.
func EventTypes() []EventType {
	return []EventType{
		EventTokenIssued, EventTokenRefreshed, EventRefreshReplayed, EventTokenRevoked, EventGrantRevoked,
		EventRefreshReused, EventCodeReplayed, EventClientRefused, EventLogin, EventLoginFailed, EventLogout,
		EventConsentGiven, EventConsentDenied, EventClientChanged, EventUserChanged,
	}
}

// Event is something that happened to somebody's credentials. It never carries one.
type Event struct {
	Type     EventType
	Time     time.Time
	ClientID string
	Subject  string
	Grant    oauth.GrantID
	Detail   string // from a fixed set of words, never from input
}

func (f *Flows) emit(t EventType, e Event) {
	e.Type, e.Time = t, f.now()
	f.cfg.OnEvent(e)
}

func (f *Flows) emitGrant(t EventType, g *oauth.Grant, detail string) {
	f.emit(t, Event{ClientID: g.ClientID, Subject: g.Subject, Grant: g.ID, Detail: detail})
}
