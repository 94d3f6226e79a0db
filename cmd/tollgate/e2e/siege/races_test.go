//go:build siege

package siege

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
)

// RFC 6749 4.1.2: a click on a consent makes a code, a hundred clicks make the same.
func TestRace_R1_Consents(t *testing.T) {
	newTrack(t).race(t, "R1", "", 3, func(l *lane, i int) string {
		asked := l.node(i).Ask(l.web, "prompt", "consent")
		form, err := l.alice.Consent(asked.URL)
		if err != nil {
			return fmt.Sprintf("no consent page: %v", err)
		}
		form.Fields.Set("decision", "allow")
		path, body := form.Action.RequestURI(), form.Fields.Encode()
		codes, answers := make([]string, racers), make([]e2e.Answer, racers)
		together(l.callers, func(i int, c *caller) { codes[i], answers[i] = c.click(path, l.cookies, body) })
		for i, code := range codes {
			if code == "" {
				return fmt.Sprintf("a click is answered %d %v", answers[i].Status, answers[i].Err)
			}
			if code != codes[0] {
				return "two codes"
			}
		}
		if got := l.node(i+1).Exchange(l.web, codes[0], asked.Verifier); got.Status != 200 {
			return fmt.Sprintf("the code is answered %d", got.Status)
		}
		return ""
	})
}

// click submits a form at home, and returns the code that comes back, and with what.
func (c *caller) click(path, cookies, body string) (string, e2e.Answer) {
	a := c.ask(c.home.URL, "POST", path, cookies+formType, body)
	location, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != http.StatusSeeOther {
		return "", a
	}
	return location.Query().Get("code"), a
}

// RFC 7009 2.1: after a revocation nothing of the grant is good, whatever was asked meanwhile.
func TestRace_R2_Revocations(t *testing.T) {
	newTrack(t).race(t, "R2", "", 3, func(l *lane, i int) string {
		first := l.callers[i%racers].grant(l.node(i), l.web, l.cookies)
		if first.Refresh == "" {
			return fmt.Sprintf("no tokens to begin with: %d %v", first.Status, first.Err)
		}
		tokens := make([]e2e.Tokens, racers)
		revoked := 0
		together(l.callers, func(i int, c *caller) {
			switch {
			case i == racers/2:
				revoked = c.post(c.home, "/revoke", l.web, "token", first.Refresh).Status
			case i%3 == 0:
				tokens[i] = c.refresh(c.home, l.web, first.Refresh)
			case i%3 == 1:
				tokens[i].Status = c.validate(c.home, first.Access)
			default:
				tokens[i].Answer = c.post(c.home, "/introspect", l.apps.Gateway, "token", first.Access)
			}
		})
		l.wins(tokens)
		if revoked != 200 {
			return fmt.Sprintf("the revocation is answered %d", revoked)
		}
		for i, got := range tokens {
			if i != racers/2 && got.Status != 200 && got.Status != 400 && got.Status != 401 {
				return fmt.Sprintf("an answer is %d %v", got.Status, got.Err)
			}
		}
		return l.dead(append(tokens, first))
	})
}

const (
	typing      = 4  // of the callers type a password, the others are signed in
	typingEvery = 10 // rounds; hashing would take most of the time

	people   = 1000             // who take turns at being disabled: to make one costs a hash, too
	restTime = 35 * time.Second // after an end no token is good for half a minute, and a race for it would be none
)

// A user is disabled while others who are signed in as that user get codes and tokens, and some sign in.
func TestRace_R3_DisabledUsers(t *testing.T) {
	k := newTrack(t)
	ended := make([]time.Time, people)
	beside := fmt.Sprintf("; in one round of %d %d of the callers type a password", typingEvery, typing)
	k.race(t, "R3", beside, 4, func(l *lane, round int) string {
		username := fmt.Sprintf("mallory%d", round%people)
		path, body, want := "/users", fmt.Sprintf(`{"username":%q,"password":%q}`, username, e2e.DemoPassword), 201
		if last := ended[round%people]; !last.IsZero() {
			time.Sleep(time.Until(last.Add(restTime)))
			path, body, want = "/users/"+username+"/enable", "", 200
		}
		if status := l.callers[0].admin(l.node(round), "POST", path, body); status != want {
			return fmt.Sprintf("no user to begin with: %d", status)
		}
		in := e2e.NewBrowser(username, e2e.DemoPassword)
		asked := l.node(round + 1).Ask(l.web)
		code, err := in.Code(l.node(round+1), l.web, asked)
		if err != nil {
			return fmt.Sprintf("nobody to begin with: %v", err)
		}
		first := l.node(round).Exchange(l.web, code, asked.Verifier)
		if first.Status != 200 {
			return fmt.Sprintf("no tokens to begin with: %d %v", first.Status, first.Err)
		}
		cookies := cookiesOf(in, l.node(round))
		browsers := []*e2e.Browser{in}
		moment := time.Duration(round/typingEvery%5) * 4 * time.Millisecond // when the user ends
		if round%typingEvery == 0 {
			moment *= 5 // hashing takes most of a login
			for range typing {
				browsers = append(browsers, e2e.NewBrowser(username, e2e.DemoPassword))
			}
		}
		tokens := make([]e2e.Tokens, racers)
		disabled := 0
		together(l.callers, func(i int, c *caller) {
			switch {
			case i == racers/2:
				time.Sleep(moment)
				disabled = c.admin(c.home, "POST", "/users/"+username+"/disable", "")
			case i+1 < len(browsers):
				asked := c.home.Ask(l.web)
				if code, err := browsers[i+1].Code(c.home, l.web, asked); err == nil {
					tokens[i] = c.home.Exchange(l.web, code, asked.Verifier)
				}
			default:
				tokens[i] = c.grant(c.home, l.web, cookies)
			}
		})
		ended[round%people] = time.Now()
		l.wins(tokens)
		if disabled != 200 {
			return fmt.Sprintf("the disabling is answered %d", disabled)
		}
		for _, b := range browsers {
			back, err := b.Visit(l.node(round).Ask(l.web, "prompt", "none").URL)
			if err != nil || back.Query().Get("error") != "login_required" {
				return "a session is good"
			}
		}
		return l.dead(append(tokens, first))
	})
}

// Keys are rotated on both nodes at once while others get tokens from one and have the other check them.
func TestRace_R4_Rotations(t *testing.T) {
	newTrack(t).race(t, "R4", "", 1, func(l *lane, round int) string {
		rotation := fmt.Sprintf(`{"alg":"EdDSA","at_once":%t}`, round%2 == 0)
		answers := make([]string, racers)
		together(l.callers, func(i int, c *caller) {
			if i < 4 {
				if status := c.admin(c.home, "POST", "/keys/rotate", rotation); status != 204 {
					answers[i] = fmt.Sprintf("a rotation is answered %d", status)
				}
				return
			}
			got := c.token(c.home, l.apps.Service, "grant_type", "client_credentials", "scope", l.apps.Service.Scope)
			if got.Status != 200 {
				answers[i] = fmt.Sprintf("a token is answered %d %v", got.Status, got.Err)
			} else if status := c.validate(c.away, got.Access); status != 200 {
				answers[i] = fmt.Sprintf("a new token is answered %d", status)
			}
		})
		for _, what := range answers {
			if what != "" {
				return what
			}
		}
		return l.keys()
	})
}

// keysKept is how long a key that has retired is left alone: every node has heard by then, and signs with
// another.
const keysKept = 2 * time.Second

// keys says what is wrong with the keys after a rotation. Then it removes what retired a while ago, whose
// tokens nobody holds any more: the set stays small, as it is where keys are rotated once a month.
func (l *lane) keys() string {
	states := map[string]int{}
	items, _ := l.nodes[0].Admin("GET", "/keys", nil).JSON()["items"].([]any)
	for _, item := range items {
		key := item.(map[string]any)
		if key["alg"] != "EdDSA" {
			continue
		}
		states[key["state"].(string)]++
		text, _ := key["retired_at"].(string)
		if retired, err := time.Parse(time.RFC3339, text); err == nil && time.Since(retired) > keysKept {
			if status := l.callers[0].admin(l.nodes[0], "DELETE", "/keys/"+key["kid"].(string), ""); status != 204 {
				return fmt.Sprintf("the removal of a key that has retired is answered %d", status)
			}
		}
	}
	if states["active"] != 1 || states["next"] > 1 {
		return fmt.Sprintf("%d keys sign, %d follow", states["active"], states["next"])
	}
	return ""
}
