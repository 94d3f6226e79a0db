package redisx

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// places says which breaker each slot of a cluster has: one for each primary, so that one that is
// gone takes no other's slots with it.
type places [slotsOfAll]uint8

// followPlaces keeps the places, as often as rueidis looks for them, until the client closes.
func (c *Client) followPlaces() {
	known := map[string]uint8{}
	for c.closing.Err() == nil {
		wait := clusterRefresh
		if !c.findPlaces(known) {
			wait = retryOpen
		}
		select {
		case <-c.closing.Done():
		case <-time.After(wait):
		}
	}
}

// findPlaces asks any node. Where none answers, what was known stays, and it reports false. A primary keeps its breaker for
// as long as the process lives; there are so many that few of them share one.
func (c *Client) findPlaces(known map[string]uint8) bool {
	ctx, cancel := context.WithTimeout(c.closing, c.cfg.Timeout)
	defer cancel()
	redis := *c.redis.Load()
	rows, err := redis.Do(ctx, redis.B().ClusterSlots().Build()).ToArray()
	if err != nil {
		return false
	}
	found := c.breakers.places.Load()
	next := &places{}
	if found != nil {
		*next = *found
	} else {
		for slot := range next {
			next[slot] = rangeOf(uint16(slot))
		}
	}
	for _, row := range rows {
		next.take(row, known)
	}
	c.breakers.places.Store(next)
	return true
}

// take reads one row of CLUSTER SLOTS: first and last slot, the primary, its replicas.
func (p *places) take(row rueidis.RedisMessage, known map[string]uint8) {
	values, err := row.ToArray()
	if err != nil || len(values) < 3 {
		return
	}
	first, err1 := values[0].AsInt64()
	last, err2 := values[1].AsInt64()
	primary, err3 := values[2].ToArray()
	if err1 != nil || err2 != nil || err3 != nil || len(primary) < 3 || first < 0 || last >= slotsOfAll {
		return
	}
	id, err := primary[2].ToString()
	if err != nil {
		return
	}
	at, seen := known[id]
	if !seen {
		at = uint8(len(known) % clusterRanges)
		known[id] = at
	}
	for slot := first; slot <= last; slot++ {
		p[slot] = at
	}
}
