package config

import (
	"strings"
	"testing"
)

func TestDev_IssuerFollowsTheListener(t *testing.T) {
	for _, story := range []struct{ listen, issuer, want string }{
		{"", "", "http://127.0.0.1:8080"},
		{"127.0.0.1:9999", "", "http://127.0.0.1:9999"},
		{"[::1]:9999", "", "http://[::1]:9999"},
		{"127.0.0.1:9999", "http://localhost:9999", "http://localhost:9999"},
	} {
		var flags []Setting
		if story.listen != "" {
			flags = append(flags, Setting{"--listen", "listen.public", story.listen})
		}
		if story.issuer != "" {
			flags = append(flags, Setting{"--issuer", "issuer", story.issuer})
		}
		c, err := LoadDev(nil, flags)
		if err != nil {
			t.Errorf("%v: %v", story, err)
			continue
		}
		if c.Issuer != story.want {
			t.Errorf("%v: issuer %s", story, c.Issuer)
		}
	}
}

func TestDev_LoopbackOnly(t *testing.T) {
	for _, address := range []string{":8081", "0.0.0.0:8081", "192.0.2.1:8081", "[::]:8081", "example.com:8081"} {
		for flag, path := range map[string]string{"--listen": "listen.public", "--ops-listen": "listen.ops"} {
			_, err := LoadDev(nil, []Setting{{flag, path, address}})
			if err == nil || !strings.Contains(err.Error(), path+" ("+flag+"): leaves this machine") {
				t.Errorf("%s %s: %v", flag, address, err)
			}
		}
	}
}

func TestDev_LimitsAreOffSaveLogin(t *testing.T) {
	r := Dev().RateLimits
	if !r.PerIP.Off() || !r.PerClient.Off() || !r.Validate.Off() || r.Login.Off() {
		t.Errorf("got %+v", r)
	}
}
