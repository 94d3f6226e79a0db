package server

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPages_FormFromElsewhereIsRefused(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	login := b.toLogin().form("username", "alice", "password", "alice-password")
	without := func(v url.Values, name string) url.Values {
		out := url.Values{}
		for k := range v {
			if k != name {
				out.Set(k, v.Get(k))
			}
		}
		return out
	}
	with := func(v url.Values, name, value string) url.Values {
		out := without(v, name)
		out.Set(name, value)
		return out
	}
	for name, c := range map[string]struct {
		form   url.Values
		header []string
	}{
		"row 357: no token":                   {form: without(login, "csrf")},
		"row 357: empty token":                {form: with(login, "csrf", "")},
		"row 357: another browser's token":    {form: with(login, "csrf", h.browser().toLogin().form().Get("csrf"))},
		"row 357: another interaction's":      {form: with(login, "csrf", b.clone().toLogin().form().Get("csrf"))},
		"row 357: no interaction's":           {form: with(login, "csrf", b.get("/login").form().Get("csrf"))},
		"row 357: sent from another site":     {login, []string{"Sec-Fetch-Site", "cross-site"}},
		"row 357: sent from a sibling domain": {login, []string{"Sec-Fetch-Site", "same-site"}},
		"row 357: foreign origin":             {login, []string{"Origin", "https://evil.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := b.clone()
			if c.header != nil {
				c2.send.Set(c.header[0], c.header[1])
			}
			c2.post("/login", c.form).wantPage(t, 403)
			if _, signedIn := c2.cookies["tollgate_session"]; signedIn {
				t.Fatal("somebody is signed in")
			}
		})
	}
	t.Run("row 357: a token of the login page on another page", func(t *testing.T) {
		b := h.browser()
		b.post("/logout", url.Values{"csrf": {b.get("/login").form().Get("csrf")}}).wantPage(t, 403)
	})
	t.Run("the same form from our own page passes", func(t *testing.T) {
		b := b.clone()
		b.send.Set("Sec-Fetch-Site", "same-origin")
		b.send.Set("Origin", "null") // as browsers send it where no referrer is sent
		if p := b.post("/login", login); p.status != 303 {
			t.Fatalf("got %d\n%s", p.status, p.body)
		}
	})
	t.Run("row 357: consent token of another session", func(t *testing.T) {
		b := h.browser()
		old := b.toConsent().form("decision", "allow")
		again := b.get("/login?interaction=" + old.Get("interaction") + "&switch=1")
		b.post("/login", again.form("username", "alice", "password", "alice-password")) // another session
		b.post("/consent", old).wantPage(t, 403)
	})
}

func TestConsent_FormCannotChangeTheRequest(t *testing.T) {
	h := newHouse(t, testIssuer)
	for _, name := range []string{"scope", "client_id", "redirect_uri", "code_challenge", "state"} {
		t.Run("row 358: "+name, func(t *testing.T) {
			b := h.browser()
			b.post("/consent", b.toConsent().form("decision", "allow", name, "x")).wantPage(t, 400)
		})
	}
	t.Run("row 358: neither allow nor deny", func(t *testing.T) {
		b := h.browser()
		b.post("/consent", b.toConsent().form("decision", "maybe")).wantPage(t, 400)
	})
	t.Run("row 358: parameters in the address", func(t *testing.T) {
		b := h.browser()
		b.post("/consent?scope=x", b.toConsent().form("decision", "allow")).wantPage(t, 400)
	})
}

func TestConsent_HundredClicksGiveOneCode(t *testing.T) {
	h := newHouse(t, testIssuer)
	b := h.browser()
	form := b.toConsent().form("decision", "allow")
	t.Run("row 359", func(t *testing.T) {
		var wg sync.WaitGroup
		codes := make([]string, 100)
		for i := range codes {
			wg.Go(func() {
				if p := b.clone().post("/consent", form); p.status == 303 {
					codes[i] = p.location()
				}
			})
		}
		wg.Wait()
		for _, c := range codes {
			if c == "" || c != codes[0] {
				t.Fatalf("got %q and %q, want one redirect for all", codes[0], c)
			}
		}
		if !strings.Contains(codes[0], "code=tgc_") {
			t.Fatalf("got %q, want a code", codes[0])
		}
	})
	t.Run("row 359: another answer afterwards changes nothing", func(t *testing.T) {
		first := b.post("/consent", form).location()
		form.Set("decision", "deny")
		if again := b.post("/consent", form).location(); again != first {
			t.Fatalf("got %q, want %q", again, first)
		}
	})
}

func TestInteraction_BelongsToItsBrowser(t *testing.T) {
	h := newHouse(t, testIssuer)
	victim, attacker := h.signedIn(), h.browser()
	interaction := attacker.toLogin().form().Get("interaction")
	t.Run("row 356: login link", func(t *testing.T) {
		victim.get("/login?interaction="+interaction).wantPage(t, 403)
		victim.get("/login?interaction="+interaction+"&switch=1").wantPage(t, 403)
	})
	t.Run("row 356: consent link", func(t *testing.T) {
		victim.get("/consent?interaction="+interaction).wantPage(t, 403)
	})
	t.Run("row 356: made-up link", func(t *testing.T) {
		p := victim.get("/login?interaction=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
		p.wantPage(t, 404)
		p.wantText(t, `href="/login"`)
	})
	t.Run("row 364: it ends after ten minutes", func(t *testing.T) {
		h.pass(10*time.Minute + time.Second)
		attacker.get("/login?interaction="+interaction).wantPage(t, 404)
	})
}
