package redistore

import (
	"sync"
	"sync/atomic"
	"time"

	"tollgate/flows/oauth"
)

// maxDecoded bounds the clients that are kept decoded. Ids that nobody registered take no room.
const maxDecoded = 4096

// decodedClients keeps clients as they were last read, so that authenticating one costs neither a
// question nor the decoding of its record while nothing has changed.
type decodedClients struct {
	mu sync.RWMutex
	by map[string]*decodedClient
}

// decodedClient is shared and immutable, but for when it was last read.
type decodedClient struct {
	client *oauth.Client
	value  string // the record it was decoded from

	generation atomic.Uint64 // in which it was last read
	until      atomic.Int64  // the age of the store until when that is believed; stored before generation
}

// get returns the client if it was read in the generation, and what is kept of it otherwise.
func (d *decodedClients) get(id string, generation uint64, age time.Duration) (*oauth.Client, *decodedClient) {
	d.mu.RLock()
	kept := d.by[id]
	d.mu.RUnlock()
	if kept == nil || kept.generation.Load() != generation || int64(age) >= kept.until.Load() {
		return nil, kept
	}
	return kept.client, kept
}

// decode reads the record of a client, unless it is the one that is kept.
func (d *decodedClients) decode(value, id string) (*oauth.Client, error) {
	d.mu.RLock()
	kept := d.by[id]
	d.mu.RUnlock()
	if kept != nil && kept.value == value {
		return kept.client, nil
	}
	return parseClient(value, id)
}

// put keeps a client. Where there is no room, any other goes.
func (d *decodedClients) put(c *decodedClient) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.by == nil {
		d.by = map[string]*decodedClient{}
	}
	if _, known := d.by[c.client.ID]; !known && len(d.by) >= maxDecoded {
		for id := range d.by {
			delete(d.by, id)
			break
		}
	}
	d.by[c.client.ID] = c
}

// drop forgets a client that is not there any more.
func (d *decodedClients) drop(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.by, id)
}

// confirm notes that the record was found unchanged by who read the generation before.
func (c *decodedClient) confirm(generation uint64, until time.Duration) {
	c.until.Store(int64(until))
	c.generation.Store(generation)
}
