package flows

import (
	"context"
	"errors"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

// accessToken returns the claims of a token that is good now: signed by us, not expired, not
// revoked. It says invalid_token or temporarily_unavailable, and never confuses the two.
func (f *Flows) accessToken(ctx context.Context, tok []byte) (*token.Access, error) {
	now := f.cfg.Now()
	k, err := f.verify(ctx, tok, now)
	if err != nil {
		return nil, err
	}
	return &k.claims, f.checkAccess(ctx, k, now)
}

// What is said of tokens that cost no more than a look; it is said too often to be made each time.
var (
	errForeign    = refusal(token.ErrForeign)
	errUnknownKey = refusal(token.ErrUnknownKey)
	errRevoked    = refusal(store.ErrRevoked)
)

func refusal(cause error) error {
	e := oauth.InvalidToken()
	e.Cause = cause
	return e
}

// verify checks the bytes. A key that is not known may be one that another node made a moment
// ago, so the set is read once more before the token is refused.
func (f *Flows) verify(ctx context.Context, tok []byte, now time.Time) (*known, error) {
	k, err := f.examine(tok, now)
	if err == token.ErrUnknownKey {
		return f.examineAfter(f.newKeys(tok, now, func() error { return f.keys.Refresh(ctx) }), tok, now)
	}
	return k, err
}

// examineAfter looks once more at a token whose key was not known, now that the set was read again.
func (f *Flows) examineAfter(reread error, tok []byte, now time.Time) (*known, error) {
	if reread != nil {
		return nil, oauth.Unavailable(reread)
	}
	k, err := f.examine(tok, now)
	if err == token.ErrUnknownKey {
		return nil, errUnknownKey
	}
	return k, err
}

// examine returns what is known of a token, or finds it out, and remembers it. The error is an
// answer, or token.ErrUnknownKey itself.
func (f *Flows) examine(tok []byte, now time.Time) (*known, error) {
	set := f.keys.Snapshot()
	switch {
	case set == nil:
		return nil, oauth.Unavailable(errNoKeys)
	case len(tok) > token.MaxSize:
		return nil, errForeign
	}
	hash := f.known.seed.Hash(tok)
	if k := f.known.recall(hash, tok, set, now); k != nil {
		return k, nil
	}
	if err := f.known.refused(hash, tok, set, now, f.age(now)); err != nil {
		return nil, err
	}
	v := f.known.flights.Do(hash, tok, func() verdict { return f.judge(hash, tok, set, now) })
	if v.known != nil && v.known.keys.Load() != set && !v.known.standsIn(set, tok) {
		v = f.judge(hash, tok, set, now) // of who began by an older snapshot
	}
	return v.known, v.err
}

// checkAccess asks whether what the token hangs on was revoked.
func (f *Flows) checkAccess(ctx context.Context, k *known, now time.Time) error {
	err := f.checkKnown(ctx, k, now)
	if errors.Is(err, store.ErrRevoked) {
		return errRevoked
	}
	return err
}

// checkKnown is checkRevoked for a token that is remembered. In the steady state it asks nobody:
// since the store last said that nothing was revoked, nothing has changed. The generation is read
// before the store is asked, so that a change in between makes for one more question, never for one
// too few.
func (f *Flows) checkKnown(ctx context.Context, k *known, now time.Time) error {
	generation := f.store.Generation(k.claims.Grant)
	if k.stands(generation, f.age(now)) {
		f.heard(now)
		return nil
	}
	err := f.checkRevoked(ctx, f.ref(&k.claims))
	switch {
	case err == nil:
		k.confirm(generation, f.age(now)+f.store.GenerationLife())
	case errors.Is(err, store.ErrRevoked):
		k.doubt() // the answer may have come before the news that something has changed
	}
	return err
}

func (f *Flows) ref(c *token.Access) store.TokenRef {
	return store.TokenRef{
		ID: c.ID, Grant: c.Grant, ClientID: c.ClientID, Subject: c.Subject, SessionID: c.SessionID,
		IssuedAt: time.UnixMilli(c.IssuedAtMS).UTC(), Epoch: c.Epoch,
	}
}

// checkRevoked returns nil, store.ErrRevoked, or an answer that means nobody knows.
func (f *Flows) checkRevoked(ctx context.Context, ref store.TokenRef) error {
	return f.checkRevokedAll(ctx, []store.TokenRef{ref})[0]
}

func (f *Flows) checkRevokedAll(ctx context.Context, refs []store.TokenRef) []error {
	answers := f.store.CheckRevoked(ctx, refs)
	reset := false
	for i, err := range answers {
		switch {
		case err == nil, errors.Is(err, store.ErrRevoked):
			f.heard(f.cfg.Now())
		case errors.Is(err, store.ErrReset):
			// The store was emptied or replaced: revocations are gone with it. The new key set it
			// holds, or will hold, refuses everything that was signed before.
			if !reset {
				reset, _ = true, f.keys.Refresh(ctx)
			}
			answers[i] = oauth.Unavailable(err)
		default:
			answers[i] = outage(err)
		}
	}
	return answers
}

// heard notes that revocation was known at a moment. Many requests of one millisecond write once.
func (f *Flows) heard(now time.Time) {
	if ms := f.age(now).Milliseconds() + 1; f.lastHeard.Load() != ms {
		f.lastHeard.Store(ms)
	}
}

// age is a moment as the time since these flows began, which no wall clock moves.
func (f *Flows) age(now time.Time) time.Duration { return now.Sub(f.began) }
