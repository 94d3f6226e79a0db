package redisx

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

const (
	maxAttempts = 3
	// The first pause is up to 4 ms, the second up to 8 ms: long enough for another connection,
	// short against the deadline, and no two callers at the same moment.
	firstPause = 4 * time.Millisecond

	// Ten commands earn one repetition, and ten repetitions are saved at most: an outage costs
	// Redis a tenth more than it costs us, and never a storm.
	earned  = 1
	price   = 10
	savings = 10 * price
)

// budget is a bucket of tenths of repetitions.
type budget struct{ tenths atomic.Int64 }

func (b *budget) fill() { b.tenths.Store(savings) }

func (b *budget) earn() {
	if b.tenths.Load() < savings {
		b.tenths.Add(earned)
	}
}

func (b *budget) spend() bool {
	for {
		have := b.tenths.Load()
		if have < price {
			return false
		}
		if b.tenths.CompareAndSwap(have, have-price) {
			return true
		}
	}
}

// again waits before another attempt, and reports whether there may be one.
func (c *Client) again(ctx context.Context, attempt int, err error) bool {
	if attempt >= maxAttempts || !passes(ctx, err) || !c.budget.spend() {
		return false
	}
	pause := time.Duration(rand.Int64N(int64(firstPause << (attempt - 1))))
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= pause {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// passing are the first words of errors that are over in a moment.
var passing = map[string]bool{"LOADING": true, "CLUSTERDOWN": true, "MASTERDOWN": true, "TRYAGAIN": true}

// passes reports whether another attempt may find what this one did not, while ctx lasts: another
// connection does for one that broke.
func passes(ctx context.Context, err error) bool {
	switch {
	case err == nil, rueidis.IsRedisNil(err), isRefusal(err), err == errTooFewReplicas, errors.Is(err, rueidis.ErrClosing):
		return false
	case ctx.Err() != nil:
		return false
	}
	var said *rueidis.RedisError
	if errors.As(err, &said) {
		return passing[firstWord(said.Error())]
	}
	return true
}
