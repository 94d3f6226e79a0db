package flows

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

const maxMaxAge = 10 * 365 * 24 * 60 * 60 // seconds; more would only overflow

// The values of prompt (OIDC Core 3.1.2.1).
const (
	promptNone          = "none"
	promptLogin         = "login"
	promptConsent       = "consent"
	promptSelectAccount = "select_account"
)

// demand is what an authorization request asks of the login behind it.
type demand struct {
	prompt     []string
	loginAfter time.Time // the oldest auth_time that will do; zero = any
	subject    string    // the only person who may answer; "" = anybody
}

// checkDemand reads prompt, max_age and id_token_hint.
func (f *Flows) checkDemand(_ context.Context, a *authorization) error {
	now := f.now()
	if err := a.parsePrompt(now); err != nil {
		return err
	}
	if err := a.parseMaxAge(now); err != nil {
		return err
	}
	if a.IDTokenHint == "" {
		return nil
	}
	hint, err := f.verifier.IDHint([]byte(a.IDTokenHint))
	if err != nil || hint.Audience != a.client.ID {
		return oauth.InvalidRequest("id_token_hint is not an id_token of this client")
	}
	a.subject = hint.Subject
	return nil
}

// parsePrompt keeps each value once, as ParseScope does: what is kept is stored for whoever asks.
func (a *authorization) parsePrompt(now time.Time) error {
	for p := range strings.FieldsSeq(a.Prompt) {
		switch p {
		case promptLogin, promptSelectAccount: // the login page is where an account is chosen
			a.loginAfter = now
		case promptNone, promptConsent:
		default:
			return oauth.InvalidRequest("prompt is not supported")
		}
		if !slices.Contains(a.prompt, p) {
			a.prompt = append(a.prompt, p)
		}
	}
	if len(a.prompt) > 1 && slices.Contains(a.prompt, promptNone) {
		return oauth.InvalidRequest("prompt=none stands alone")
	}
	return nil
}

func (a *authorization) parseMaxAge(now time.Time) error {
	if a.MaxAge == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(a.MaxAge, 10, 31)
	if err != nil || seconds > maxMaxAge {
		return oauth.InvalidRequest("max_age must be a number of seconds")
	}
	oldest := now.Add(-time.Duration(seconds) * time.Second)
	if oldest.After(a.loginAfter) {
		a.loginAfter = oldest
	}
	return nil
}

// meets reports whether a session is what the request asked for.
func meets(s *store.Session, i *store.Interaction) bool {
	return s != nil && !s.AuthTime.Before(i.LoginAfter) && (i.Subject == "" || i.Subject == s.Subject)
}

func asks(i *store.Interaction, prompt string) bool { return slices.Contains(i.Prompt, prompt) }
