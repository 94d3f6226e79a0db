package flows

import (
	"context"

	"tollgate/flows/oauth"
)

// Who presents codes and refresh tokens that are not good is held to a rate (RFC 6749 10.10). A handle
// that we made names its grant, and then only that grant's holder at this address has to wait, before
// the store is asked once more; one that was made up counts against the client at this address. So
// junk never stands in the way of a handle that is good, of the same client or from the same office.

// madeUp is whom a handle counts against that names no grant.
func madeUp(client *oauth.Client) string { return "client:" + client.ID } // no grant id has a colon

// mayTry says too_many_requests where handles of the grant were presented too often from this address
// and were not good.
func (f *Flows) mayTry(ctx context.Context, grant oauth.GrantID) error {
	if f.guesses.Limiter == nil {
		return nil
	}
	if wait := f.guesses.WaitNameAt(string(grant), originOf(ctx).Addr, f.cfg.Now()); wait > 0 {
		return f.guesses.Reached(wait)
	}
	return nil
}

// wrong counts a handle that was refused, and returns why, or too_many_requests.
func (f *Flows) wrong(ctx context.Context, whose string, why error) error {
	if f.guesses.Limiter == nil {
		return why
	}
	if wait := f.guesses.AllowNameAt(whose, originOf(ctx).Addr, f.cfg.Now()); wait > 0 {
		return f.guesses.Reached(wait)
	}
	return why
}
