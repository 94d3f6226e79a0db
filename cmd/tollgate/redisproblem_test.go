package main

import (
	"crypto/tls"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"tollgate/cmd/tollgate/config"
	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

// That nobody answers is one of many reasons, and each has its own fix.
func TestRedisProblem_SaysWhatIsWrong(t *testing.T) {
	redis := redistest.Start(t, "--user", "weak", "on", ">password", "~*", "+ping", "+hello", "+client")
	plain := httptest.NewServer(nil)
	defer plain.Close()
	cert, key, _ := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	secure := httptest.NewUnstartedServer(nil)
	secure.Listener = listener
	secure.Start()
	defer secure.Close()

	for _, story := range []struct {
		name, address string
		env           []string
		want          string
	}{
		{"nobody there", "127.0.0.1:1", nil, "no Redis answers at 127.0.0.1:1; start it, or correct redis.addresses: dial tcp"},
		{"wrong password", redis.Addr, []string{"TOLLGATE_REDIS__USERNAME=weak", "TOLLGATE_REDIS__PASSWORD_FILE=wrong"},
			"refused the user name or password; see redis.username and redis.password_file\n"},
		{"no rights", redis.Addr, []string{"TOLLGATE_REDIS__USERNAME=weak", "TOLLGATE_REDIS__PASSWORD_FILE=right"},
			"does not permit what Tollgate needs; correct the rights of its user there: NOPERM"},
		{"no such database", redis.Addr, []string{"TOLLGATE_REDIS__DB=9999"}, "has no database 9999; correct redis.db\n"},
		{"not Redis", plain.Listener.Addr().String(), nil, "is not Redis; correct redis.addresses: "},
		{"not trusted", listener.Addr().String(), []string{"TOLLGATE_REDIS__TLS__ENABLED=true"}, "cannot be trusted; see redis.tls.ca_file and redis.tls.server_name: tls: "},
		{"no TLS", plain.Listener.Addr().String(), []string{"TOLLGATE_REDIS__TLS__ENABLED=true"}, "does not speak TLS; correct redis.addresses or redis.tls.enabled: "},
	} {
		t.Run(story.name, func(t *testing.T) {
			in := install(t, story.address)
			in.write(t, "wrong", "not the password\n")
			in.write(t, "right", "password\n")
			for _, pair := range story.env {
				in.env = append(in.env, strings.Replace(pair, "_FILE=", "_FILE="+in.dir+"/", 1))
			}
			r := run(t, in.env, "", "client", "list")
			if r.code != exitFailed || !strings.Contains(r.err, story.address) || !strings.Contains(r.err, story.want) || strings.Contains(r.err, "redis is unavailable") {
				t.Errorf("exit %d: %s", r.code, r.err)
			}
		})
	}
}

// What a real server does not say when a test asks for it.
func TestRedisProblem_ReadsTheAnswer(t *testing.T) {
	r := &config.Redis{Addresses: []string{"a:1", "b:2"}}
	for says, want := range map[string]string{
		"NOAUTH HELLO must be called":                 "the Redis at a:1, b:2 refused the user name or password; see redis.username and redis.password_file",
		"LOADING Redis is loading":                    "the Redis at a:1, b:2 is still loading its data; wait, then try again",
		"remote error: tls: certificate required":     "the Redis at a:1, b:2 does not accept this TLS; see redis.tls.cert_file and redis.tls.key_file: remote error: tls: certificate required",
		"OOM command not allowed when used > memory":  "the Redis at a:1, b:2 refused: OOM command not allowed when used > memory",
		"NOPERM x: [CLIENT TRACKING ON]\nadvice":      "the Redis at a:1, b:2 does not permit what Tollgate needs; correct the rights of its user there: NOPERM x: [CLIENT TRACKING ON]",
		"not supporting client-side caching or RESP3": "what answers at a:1, b:2 cannot tell its clients of changes (CLIENT TRACKING); use Redis 6.2 or newer, without a proxy before it",
		"dial tcp: connection refused":                "no Redis answers at a:1, b:2; absent: dial tcp: connection refused",
	} {
		err := fmt.Errorf("store: %w: get_client: %s", redisx.ErrUnavailable, says)
		if got := redisProblem(r, err, "absent").Error(); got != want {
			t.Errorf("%s: %s", says, got)
		}
	}
}
