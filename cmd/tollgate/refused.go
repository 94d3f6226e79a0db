package main

import (
	"errors"
	"fmt"
	"strings"

	"tollgate/flows/oauth"
)

// withValues repeats the values that were refused. The answers of flows never do: they do not know
// that who asked and who reads is one person at one terminal. values holds them as answers name
// them: client_id, grant_types[1].
func withValues(err error, values map[string]string) error {
	var answer *oauth.Error
	if !errors.As(err, &answer) || answer.Code != oauth.CodeInvalidRequest {
		return err
	}
	problems := strings.Split(answer.Description, "; ")
	for i, text := range problems {
		name, what, _ := strings.Cut(text, ": ")
		if value := values[name]; value != "" {
			member, _, _ := strings.Cut(name, "[")
			problems[i] = member + ": " + quoted(value) + " " + wrong(what)
		}
	}
	return errors.New(strings.Join(problems, "; "))
}

// wrong makes what is wanted a statement about a value.
func wrong(text string) string {
	if strings.HasPrefix(text, "wants ") {
		return "is wrong; " + text
	}
	return text
}

// quoted is a value as a terminal may show it.
func quoted(value string) string {
	const longest = 60
	value = printable(value)
	if len(value) > longest {
		value = strings.ToValidUTF8(value[:longest], "") + "…"
	}
	return `"` + value + `"`
}

// clientValues are what a command line may hold of a client.
func clientValues(c *oauth.Client) map[string]string {
	values := map[string]string{
		"client_id": c.ID, "client_name": c.Name, "token_endpoint_auth_method": string(c.AuthMethod),
		"audience": c.Audience, "signing_alg": string(c.SigningAlg),
	}
	for i, grant := range c.GrantTypes {
		values[fmt.Sprintf("grant_types[%d]", i)] = string(grant)
	}
	for i, uri := range c.RedirectURIs {
		values[fmt.Sprintf("redirect_uris[%d]", i)] = uri
	}
	for i, uri := range c.PostLogoutRedirectURIs {
		values[fmt.Sprintf("post_logout_redirect_uris[%d]", i)] = uri
	}
	for i, origin := range c.AllowedOrigins {
		values[fmt.Sprintf("allowed_origins[%d]", i)] = origin
	}
	return values
}

func userValues(u *oauth.User) map[string]string {
	return map[string]string{
		"username": u.Username, "name": u.Name, "given_name": u.GivenName, "family_name": u.FamilyName, "email": u.Email,
	}
}
