package server

import (
	"strings"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

// showConsent asks whether the application may (RFC 6749 4.1.1, OIDC Core 3.1.2.4). A browser
// that comes back after the answer is sent on as the first time.
func showConsent(r *request) error {
	f, err := r.queryForm()
	if err != nil {
		return err
	}
	interaction := f.get("interaction")
	v, err := r.visit()
	if err != nil {
		return err
	}
	step, err := r.s.flows.Resume(r.ctx, interaction, v.browser, v.session)
	if err != nil {
		return err
	}
	if step.Next != flows.NextConsent {
		return r.follow(step)
	}
	asked, err := r.s.flows.ConsentPage(r.ctx, interaction, v.browser, v.session)
	if err != nil {
		return err
	}
	return r.consentPage(v, interaction, asked)
}

func (r *request) consentPage(v visit, interaction string, asked *flows.ConsentPage) error {
	view := consentView{
		frame:       r.frame("Allow access"),
		ClientName:  asked.ClientName,
		Username:    asked.Username,
		Initial:     initial(asked.Username),
		SwitchURL:   r.at("/login", interaction) + "&switch=1",
		Scopes:      explainScopes(asked.Scopes),
		Destination: asked.RedirectHost,
		Action:      r.at("/consent", ""),
		CSRF:        csrfToken(v, "consent", interaction),
		Interaction: interaction,
	}
	return r.page(200, "consent.html", formTo(asked.RedirectScheme), view)
}

// postConsent takes the person's answer. What it is an answer to stands in the interaction.
func postConsent(r *request) error {
	f, err := r.bodyForm()
	if err != nil {
		return err
	}
	v, err := r.visit()
	if err != nil {
		return err
	}
	if err := r.checkForm(f, v, "consent", "interaction", "decision"); err != nil {
		return err
	}
	decision := f.get("decision")
	if decision != "allow" && decision != "deny" {
		return oauth.InvalidRequest("the decision is neither allow nor deny")
	}
	step, err := r.s.flows.Consent(r.ctx, &flows.ConsentRequest{
		Interaction: f.get("interaction"),
		Browser:     v.browser,
		Session:     v.session,
		Allow:       decision == "allow",
	})
	if err != nil {
		return err
	}
	return r.follow(step)
}

// initial returns the letter that stands for a person.
func initial(username string) string {
	for _, letter := range strings.ToUpper(username) {
		return string(letter)
	}
	return ""
}
