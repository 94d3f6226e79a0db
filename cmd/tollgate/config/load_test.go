package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"tollgate/flows/oauth"
)

func load(t *testing.T, file string, environ ...string) *Config {
	t.Helper()
	c, err := Load(file, environ)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return c
}

func TestLoad_EveryGoodFile(t *testing.T) {
	files, _ := filepath.Glob("testdata/good/*.yaml")
	if len(files) == 0 {
		t.Fatal("no good files found")
	}
	for _, file := range files {
		load(t, file)
	}
}

// The example that users copy sets nothing but what is the default anyway.
func TestLoad_ContractExampleIsTheDefaults(t *testing.T) {
	c := load(t, "testdata/good/contract.yaml")
	want := Default()
	want.Issuer = "https://auth.example.com"
	want.Keys.MasterKeyFile, want.Keys.Master = c.Keys.MasterKeyFile, c.Keys.Master
	want.TrustedProxies, want.CORS.AllowedOrigins = []string{}, []string{}
	want.origins, want.dir, want.warnings = c.origins, c.dir, c.warnings
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestLoad_EverySpellingOfEveryKey(t *testing.T) {
	c := load(t, "testdata/good/everything.yaml")
	for _, check := range []struct {
		key       string
		got, want any
	}{
		{"issuer", c.Issuer, "https://auth.example.com:8443"},
		{"listen.public", c.Listen.Public, "[::1]:8443"},
		{"redis.username", c.Redis.Username, "tollgate"},
		{"redis.password_file", c.Redis.Password.Reveal(), "hunter2-in-redis"},
		{"redis.key_prefix", c.Redis.KeyPrefix, "tollgate"},
		{"redis.timeout", c.Redis.Timeout, 300 * time.Millisecond},
		{"redis.tls.enabled", c.Redis.TLS.Enabled, true},
		{"redis.db", c.Redis.DB, 3},
		{"tokens.refresh_replay_window", c.Tokens.RefreshReplayWindow, time.Duration(0)},
		{"tokens.signing_alg", c.Tokens.SigningAlg, oauth.EdDSA},
		{"validate.on_store_loss", c.Validation.OnStoreLoss.AllowFor, 30 * time.Second},
		{"rate_limits.per_client", c.RateLimits.PerClient.Off(), true},
		{"rate_limits.per_ip", c.RateLimits.PerIP.PerSecond, 10.0},
		{"cache.bytes", c.Cache.Bytes, Size(2 << 30)},
		{"limits.body", c.Limits.Body, Size(65536)},
		{"limits.batch_body", c.Limits.BatchBody, Size(1 << 20)},
		{"log.sample", c.Log.Sample, 10},
		{"log.slow_request", c.Log.SlowRequest, time.Duration(0)},
		{"admin.token_file", c.Admin.Token.Reveal(), "a-long-enough-admin-token"},
	} {
		if check.got != check.want {
			t.Errorf("%s: got %v, want %v", check.key, check.got, check.want)
		}
	}
	if c.Keys.Master == nil {
		t.Error("keys.master_key_file: not opened")
	}
}

func TestLoad_EnvironmentWinsOverTheFile(t *testing.T) {
	c := load(t, "testdata/good/everything.yaml",
		"TOLLGATE_ISSUER=https://env.example.com",
		"TOLLGATE_REDIS__TIMEOUT=100ms",
		"TOLLGATE_REDIS__TLS__ENABLED=false", "TOLLGATE_REDIS__TLS__SERVER_NAME=",
		"TOLLGATE_REDIS__DB=7",
		"TOLLGATE_REDIS__ADDRESSES=[\"env.example.com:6379\"]",
		"TOLLGATE_TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.0/24",
		"TOLLGATE_CORS__ALLOWED_ORIGINS=",
		"TOLLGATE_VALIDATE__ON_STORE_LOSS=allow_for: 5s",
		"TOLLGATE_LIMITS__HEADER=64KiB",
		"TOLLGATE_RATE_LIMITS__LOGIN=off",
		"TOLLGATE_LOG__SAMPLE=250",
		"TOLLGATE_CONFIG=ignored", "TOLLGATE_BIN=ignored", "TOLLGATEX=ignored", "PATH=/bin",
	)
	for _, check := range []struct {
		key       string
		got, want any
	}{
		{"issuer", c.Issuer, "https://env.example.com"},
		{"redis.timeout", c.Redis.Timeout, 100 * time.Millisecond},
		{"redis.tls.enabled", c.Redis.TLS.Enabled, false},
		{"redis.db", c.Redis.DB, 7},
		{"redis.addresses", strings.Join(c.Redis.Addresses, "|"), "env.example.com:6379"},
		{"trusted_proxies", strings.Join(c.TrustedProxies, "|"), "10.0.0.0/8|192.0.2.0/24"},
		{"cors.allowed_origins", len(c.CORS.AllowedOrigins), 0},
		{"validate.on_store_loss", c.Validation.OnStoreLoss.AllowFor, 5 * time.Second},
		{"limits.header", c.Limits.Header, Size(64 << 10)},
		{"rate_limits.login", c.RateLimits.Login.Off(), true},
		{"log.sample", c.Log.Sample, 250},
	} {
		if check.got != check.want {
			t.Errorf("%s: got %v, want %v", check.key, check.got, check.want)
		}
	}
}

func TestLoad_EveryBadVariableIsNamed(t *testing.T) {
	_, err := Load("testdata/good/least.yaml", []string{
		"TOLLGATE_REDIS__TIMEOUT=soon",
		"TOLLGATE_REDIS__PASSWORD=hunter2-never-shown",
		"TOLLGATE_REDIS_TIMEOUT=1s", "TOLLGATE_TOKENS_ACCESS__TTL=1m",
		"TOLLGATE_REDIS={}",
		"TOLLGATE_redis__db=1",
		"TOLLGATE_TRUSTED_PROXIES=[1, 2]",
		"TOLLGATE_LISTEN__OPS=nowhere",
		"TOLLGATE_STORE=",
	})
	want := strings.Join([]string{
		`redis (TOLLGATE_REDIS): is a section; set its keys, such as TOLLGATE_REDIS__MODE`,
		`redis_timeout (TOLLGATE_REDIS_TIMEOUT): unknown key; did you mean TOLLGATE_REDIS__TIMEOUT?`,
		`redis.password (TOLLGATE_REDIS__PASSWORD): unknown key; did you mean TOLLGATE_REDIS__PASSWORD_FILE?`,
		`redis.timeout (TOLLGATE_REDIS__TIMEOUT): "soon" is wrong; wants a duration such as 250ms, 10m or 720h`,
		`tokens_access.ttl (TOLLGATE_TOKENS_ACCESS__TTL): unknown key; did you mean TOLLGATE_TOKENS__ACCESS_TTL?`,
		`trusted_proxies (TOLLGATE_TRUSTED_PROXIES): wants a list of texts; put each in quotes`,
		`redis__db (TOLLGATE_redis__db): unknown key; remove it`,
		`listen.ops (TOLLGATE_LISTEN__OPS): "nowhere" is wrong; wants host:port, such as 127.0.0.1:8080`,
		`store (TOLLGATE_STORE): "" is wrong; wants redis, memory`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestLoad_UnreadableFileIsOneProblem(t *testing.T) {
	for _, file := range []string{"testdata/absent.yaml", "testdata"} {
		_, err := Load(file, nil)
		var problems Problems
		if !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v, want one problem that names it", file, err)
		}
	}
}

func TestWarnings_LegalAndUnwise(t *testing.T) {
	dir := t.TempDir()
	master, _ := os.ReadFile("testdata/good/files/master.key")
	os.WriteFile(filepath.Join(dir, "master.key"), master, 0o644)
	os.WriteFile(filepath.Join(dir, "token"), []byte("short\n"), 0o600)
	os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(`issuer: https://auth.example.com
keys: {master_key_file: master.key}
admin: {token_file: token}
listen: {ops: ":9090"}
store: memory
tokens: {refresh_replay_window: 2m}
validate: {on_store_loss: "allow_for: 30s"}
`), 0o600)
	var got []string
	for _, w := range load(t, filepath.Join(dir, "c.yaml")).Warnings() {
		got = append(got, w.Path)
	}
	want := "keys.master_key_file admin.token_file listen.ops store tokens.refresh_replay_window validate.on_store_loss"
	if strings.Join(got, " ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, " "), want)
	}
}
