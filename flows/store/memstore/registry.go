package memstore

import (
	"sync"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// registry is what never expires: it is small, changes rarely, and some of it has two names.
// Values in it are immutable; a change stores a new one.
type registry struct {
	mu       sync.RWMutex
	clients  map[string]*oauth.Client
	origins  map[string]int         // how many clients have registered each
	users    map[string]*oauth.User // by subject
	subjects map[string]string      // username -> subject
	consents map[consentID]*store.Consent
	keySet   *store.KeySet
}

type consentID struct{ subject, clientID string }

func newRegistry() registry {
	return registry{
		clients:  map[string]*oauth.Client{},
		origins:  map[string]int{},
		users:    map[string]*oauth.User{},
		subjects: map[string]string{},
		consents: map[consentID]*store.Consent{},
	}
}
