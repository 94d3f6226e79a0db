package server

import "tollgate/flows/oauth"

// scopeWords is a scope as the consent page explains it.
type scopeWords struct {
	What string
	Code string // the scope itself, where only its owner knows what it means
	Why  string
}

// explainScopes puts scopes into words, in their order.
func explainScopes(scopes []string) []scopeWords {
	out := make([]scopeWords, 0, len(scopes))
	for _, scope := range scopes {
		out = append(out, explainScope(scope))
	}
	return out
}

func explainScope(scope string) scopeWords {
	switch scope {
	case oauth.ScopeOpenID:
		return scopeWords{What: "Know who you are", Why: "An identifier that stands for your account"}
	case oauth.ScopeProfile:
		return scopeWords{What: "See your profile", Why: "Your name and username"}
	case oauth.ScopeEmail:
		return scopeWords{What: "See your email address", Why: "And whether it is confirmed"}
	case oauth.ScopeOfflineAccess:
		return scopeWords{What: "Stay connected", Why: "Keep this access while you are away"}
	}
	return scopeWords{Code: scope, Why: "A permission that the application itself defines"}
}
