package flows

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
	"tollgate/flows/token"
)

const (
	interactionTTL = 10 * time.Minute
	// repeatOutcome is how long a finished interaction answers with its redirect again. It is for
	// a double click; later the code in it may have been used, and repeating it would end its
	// tokens.
	repeatOutcome = 10 * time.Second
	sealOutcome   = "interaction outcome"
)

var (
	errNoInteraction = oauth.NewError(oauth.CodeNotFound, "this sign-in has expired or is finished, go back to the application and start again")
	errOtherBrowser  = oauth.NewError(oauth.CodeForbidden, "this sign-in was started in another browser")
)

func hashOf(secret string) store.Hash { return token.HashOf(secret) }

// turn is one visit of a browser to an interaction.
type turn struct {
	handle  string // "" until it had to be remembered
	i       *store.Interaction
	client  *oauth.Client
	session *store.Session // nil: nobody is signed in
	at      time.Time      // before the session was checked: the date of a grant, as in tokenCall
}

// begin decides what a fresh authorization request needs: nothing, a login, a consent.
func (f *Flows) begin(ctx context.Context, a *authorization) (*Step, error) {
	at := f.now()
	session, err := f.session(ctx, a.Session)
	if err != nil {
		return nil, err
	}
	return f.advance(ctx, &turn{i: a.interaction(f), client: a.client, session: session, at: at})
}

// Resume says where an interaction stands, for a browser that comes back to it.
func (f *Flows) Resume(ctx context.Context, interaction, browser, session string) (*Step, error) {
	t, done, err := f.takeTurn(ctx, interaction, browser, session)
	if err != nil || done != nil {
		return done, err
	}
	return f.advance(ctx, t)
}

// advance takes an interaction as far as it goes without the person.
func (f *Flows) advance(ctx context.Context, t *turn) (*Step, error) {
	silent := asks(t.i, promptNone)
	if !meets(t.session, t.i) {
		if silent {
			return f.sendError(t.i, oauth.NewError(oauth.CodeLoginRequired, "nobody suitable is signed in"))
		}
		return f.ask(ctx, t, NextLogin)
	}
	agreed, err := f.hasConsent(ctx, t)
	if err != nil {
		return nil, err
	}
	if !agreed {
		if silent {
			return f.sendError(t.i, oauth.NewError(oauth.CodeConsentRequired, "the user has not agreed yet"))
		}
		return f.ask(ctx, t, NextConsent)
	}
	return f.complete(ctx, t)
}

// ask sends the browser to one of our pages, and remembers the request if it is not yet.
func (f *Flows) ask(ctx context.Context, t *turn, next Next) (*Step, error) {
	if t.handle == "" {
		t.handle = token.NewSecret()
		if err := f.store.PutInteraction(ctx, hashOf(t.handle), t.i); err != nil {
			return nil, outage(err)
		}
	}
	return &Step{Next: next, Interaction: t.handle}, nil
}

// takeTurn loads an interaction for the browser that began it. One that is finished answers
// with its outcome again for a moment; one whose client was changed meanwhile, so that nobody would
// be sent there any more, says what /authorize would.
func (f *Flows) takeTurn(ctx context.Context, handle, browser, session string) (*turn, *Step, error) {
	i, err := f.store.GetInteraction(ctx, hashOf(handle))
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, nil, errNoInteraction
	case err != nil:
		return nil, nil, outage(err)
	case i.Browser != hashOf(browser): // a link sent to somebody else opens nothing
		return nil, nil, errOtherBrowser
	}
	if done, err := f.outcome(ctx, handle); err != nil || done != nil {
		return nil, done, err
	}
	at := f.now()
	client, err := f.trustedClient(ctx, i)
	if err != nil {
		return nil, nil, err
	}
	s, err := f.session(ctx, session)
	if err != nil {
		return nil, nil, err
	}
	return &turn{handle: handle, i: i, client: client, session: s, at: at}, nil, nil
}

// trustedClient is the client of an interaction, as long as browsers may be sent to it.
func (f *Flows) trustedClient(ctx context.Context, i *store.Interaction) (*oauth.Client, error) {
	client, err := f.store.GetClient(ctx, i.ClientID)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, errUntrusted
	case err != nil:
		return nil, outage(err)
	case client.Disabled, !oauth.MatchRedirectURI(client.RedirectURIs, i.RedirectURI, client.Public()):
		return nil, errUntrusted
	case !i.ClientSince.IsZero() && !client.CreatedAt.Equal(i.ClientSince): // zero: an earlier version began it
		return nil, errUntrusted
	}
	return client, nil
}

// hasConsent reports whether the user agreed before to all that is asked for. Of a client that
// others can pose as, every request is asked about (RFC 8252 8.6).
func (f *Flows) hasConsent(ctx context.Context, t *turn) (bool, error) {
	if asks(t.i, promptConsent) {
		return false, nil
	}
	if t.client.Public() && !oauth.IsVerifiableRedirect(t.i.RedirectURI) {
		return false, nil
	}
	consent, err := f.store.GetConsent(store.Fresh(ctx), t.session.Subject, t.i.ClientID)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return false, nil
	case err != nil:
		return false, outage(err)
	}
	if consent.GrantedAt.Before(t.client.CreatedAt) { // it was for another client of this id
		return false, nil
	}
	return consent.Scope.Covers(t.i.Scope), nil
}

// complete issues the code and sends the browser to the client with it (RFC 6749 4.1.2).
func (f *Flows) complete(ctx context.Context, t *turn) (*Step, error) {
	if !t.client.MayUse(oauth.GrantAuthorizationCode) || !t.client.Scope.Covers(t.i.Scope) { // changed while the person was asked
		return f.sendError(t.i, oauth.NewError(oauth.CodeInvalidScope, "the client may no longer ask for this"))
	}
	grant := oauth.Grant{
		ID:        token.NewGrantID(),
		ClientID:  t.i.ClientID,
		Subject:   t.session.Subject,
		Username:  t.session.Username,
		Scope:     t.i.Scope,
		Audience:  f.audience(t.client),
		SessionID: t.session.ID,
		AuthTime:  t.session.AuthTime,
		Nonce:     t.i.Nonce,
		CreatedAt: t.at,

		ClientGeneration: t.client.Generation,
		UserGeneration:   t.session.UserGeneration,
		Epoch:            t.session.Epoch,
	}
	record := &store.Code{Grant: grant, Challenge: t.i.Challenge, ExpiresAt: f.now().Add(f.cfg.CodeTTL),
		Refreshable: t.i.Scope.Has(oauth.ScopeOfflineAccess)}
	if record.Until = record.ExpiresAt.Add(f.cfg.AccessTTL); record.Refreshable {
		record.Until = grant.CreatedAt.Add(f.cfg.RefreshTTL)
	}
	if t.i.RedirectGiven {
		record.RedirectURI = t.i.RedirectURI
	}
	code := f.cfg.Handles.New(token.Code, grant.ID)
	if err := f.store.PutCode(ctx, hashOf(code), record); err != nil {
		return nil, outage(err)
	}
	return f.finish(ctx, t, oauth.AppendQuery(t.i.RedirectURI,
		"code", code,
		"state", t.i.State,
		"iss", f.cfg.Issuer, // RFC 9207 2
	))
}

// outcomeRecord is what a finished interaction keeps, sealed under its own handle.
type outcomeRecord struct {
	URL string    `json:"url"`
	At  time.Time `json:"at"`
}

// finish makes the redirect the one outcome of the interaction. A caller that comes second, as a
// double click does, gets the first one's; its own code was never told to anybody and expires.
func (f *Flows) finish(ctx context.Context, t *turn, redirect string) (*Step, error) {
	if t.handle == "" {
		return &Step{Next: NextRedirect, URL: redirect}, nil
	}
	record, err := json.Marshal(outcomeRecord{URL: redirect, At: f.now()})
	if err != nil {
		return nil, oauth.Internal(err)
	}
	sealed, err := token.Seal(t.handle, sealOutcome, record)
	if err != nil {
		return nil, oauth.Internal(err)
	}
	sealed, err = f.store.FinishInteraction(ctx, hashOf(t.handle), sealed)
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, errNoInteraction
	case err != nil:
		return nil, outage(err)
	}
	return f.openOutcome(t.handle, sealed)
}

// outcome returns the redirect of an interaction that is finished, nil of one that is not.
func (f *Flows) outcome(ctx context.Context, handle string) (*Step, error) {
	sealed, err := f.store.GetOutcome(ctx, hashOf(handle))
	switch {
	case errors.Is(err, store.ErrAbsent):
		return nil, nil
	case err != nil:
		return nil, outage(err)
	}
	return f.openOutcome(handle, sealed)
}

func (f *Flows) openOutcome(handle string, sealed []byte) (*Step, error) {
	clear, err := token.Open(handle, sealOutcome, sealed)
	if err != nil {
		return nil, oauth.Internal(err)
	}
	var record outcomeRecord
	if err := json.Unmarshal(clear, &record); err != nil {
		return nil, oauth.Internal(err)
	}
	if f.now().Sub(record.At) > repeatOutcome {
		return nil, errNoInteraction
	}
	return &Step{Next: NextRedirect, URL: record.URL}, nil
}

// nameOf is what people know a client by.
func nameOf(client *oauth.Client) string {
	if client.Name != "" {
		return client.Name
	}
	return client.ID
}
