package flows

import (
	"context"
	"time"

	"tollgate/flows/oauth"
)

// UserUsableFrom returns when what is issued for a user begins to count, where they were disabled a moment
// ago and are enabled again: until then it ends with what was before. It is the zero time for everybody
// else, and where the store does not say, for what was asked for is done by then.
func (f *Flows) UserUsableFrom(ctx context.Context, u *oauth.User) time.Time {
	if u.Disabled {
		return time.Time{}
	}
	return f.after(f.store.SubjectCutOff(ctx, u.Subject))
}

// ClientUsableFrom is the same for a client, also for one that takes the id of one that was deleted.
func (f *Flows) ClientUsableFrom(ctx context.Context, c *oauth.Client) time.Time {
	if c.Disabled {
		return time.Time{}
	}
	return f.after(f.store.ClientCutOff(ctx, c.ID))
}

// after is the first whole second after a cut-off that lies ahead, and not just at the moment of a new password.
func (f *Flows) after(cutOff time.Time, err error) time.Time {
	if err != nil || cutOff.Before(f.now().Add(time.Second)) {
		return time.Time{}
	}
	return cutOff.UTC().Truncate(time.Second).Add(time.Second)
}
