package flows

import (
	"context"
	"net/url"
	"slices"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// ConsentPage returns what the consent page shows.
func (f *Flows) ConsentPage(ctx context.Context, interaction, browser, session string) (*ConsentPage, error) {
	t, done, err := f.takeTurn(ctx, interaction, browser, session)
	switch {
	case err != nil:
		return nil, err
	case done != nil, !meets(t.session, t.i):
		return nil, errNoInteraction
	}
	page := &ConsentPage{
		ClientName: nameOf(t.client), ClientID: t.i.ClientID, Username: t.session.Username, Scopes: slices.Clone(t.i.Scope),
	}
	if u, err := url.Parse(t.i.RedirectURI); err == nil {
		page.RedirectHost, page.RedirectScheme = u.Host, u.Scheme
		if u.Host == "" {
			page.RedirectHost = u.Scheme + ":"
		}
	}
	return page, nil
}

// Consent takes the person's answer: the client gets a code, or access_denied (RFC 6749 4.1.2.1).
func (f *Flows) Consent(ctx context.Context, r *ConsentRequest) (*Step, error) {
	t, done, err := f.takeTurn(ctx, r.Interaction, r.Browser, r.Session)
	switch {
	case err != nil || done != nil:
		return done, err
	case !meets(t.session, t.i): // signed out meanwhile
		return f.ask(ctx, t, NextLogin)
	case !r.Allow:
		f.emit(ctx, EventConsentDenied, Event{ClientID: t.i.ClientID, Subject: t.session.Subject})
		return f.deny(ctx, t)
	}
	if err := f.store.AddConsent(ctx, &store.Consent{
		Subject: t.session.Subject, ClientID: t.i.ClientID, Scope: t.i.Scope, GrantedAt: f.now(),
	}, t.client.CreatedAt); err != nil {
		return nil, outage(err)
	}
	f.emit(ctx, EventConsentGiven, Event{ClientID: t.i.ClientID, Subject: t.session.Subject})
	return f.complete(ctx, t)
}

func (f *Flows) deny(ctx context.Context, t *turn) (*Step, error) {
	step, err := f.sendError(t.i, oauth.NewError(oauth.CodeAccessDenied, "the user did not agree"))
	if err != nil {
		return nil, err
	}
	return f.finish(ctx, t, step.URL)
}
