package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tollgate/redisx/redistest"
)

// Redis is where nodes keep their state, and what else they are told of it.
type Redis struct {
	Addr string
	Env  []string
}

// RedisKind is the variable that says which Redis StartRedis runs: "standalone", which is also what
// none means, "sentinel", "cluster" or "tls".
const RedisKind = "E2E_REDIS"

// StartRedis runs the Redis that RedisKind names. One with TLS wants a certificate of each client,
// and knows it as the user of deploy/redis.acl, who may do the least.
func StartRedis(tb testing.TB) Redis {
	tb.Helper()
	switch kind := os.Getenv(RedisKind); kind {
	case "", "standalone":
		return Redis{Addr: redistest.Start(tb).Addr}
	case "sentinel":
		s := redistest.StartSentinel(tb)
		return Redis{s.Addresses[0], SentinelEnv(s)}
	case "cluster":
		c := redistest.StartCluster(tb)
		return Redis{c.Addresses[0], ClusterEnv(c)}
	case "tls":
		return startGuarded(tb)
	default:
		tb.Fatalf("%s=%s: wants standalone, sentinel, cluster or tls", RedisKind, kind)
		return Redis{}
	}
}

// SentinelEnv are the settings of a node whose Redis Sentinels watch.
func SentinelEnv(s *redistest.Sentinel) []string {
	return []string{"TOLLGATE_REDIS__MODE=sentinel", "TOLLGATE_REDIS__ADDRESSES=" + strings.Join(s.Addresses, ","), "TOLLGATE_REDIS__SENTINEL_MASTER=" + s.Master}
}

// ClusterEnv are the settings of a node whose Redis is a Cluster.
func ClusterEnv(c *redistest.Cluster) []string {
	return []string{"TOLLGATE_REDIS__MODE=cluster", "TOLLGATE_REDIS__ADDRESSES=" + strings.Join(c.Addresses, ",")}
}

// The user of deploy/redis.acl, where nobody has written a password of their own.
const aclUser, aclPassword, aclPrefix = "tollgate", "change-me", "tollgate"

func startGuarded(tb testing.TB) Redis {
	tb.Helper()
	acl, err := filepath.Abs("../../../deploy/redis.acl")
	if err != nil {
		tb.Fatal(err)
	}
	password := filepath.Join(tb.TempDir(), "password")
	if err := os.WriteFile(password, []byte(aclPassword+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	s := redistest.StartTLS(tb, "--include", acl)
	return Redis{s.Addr, []string{
		"TOLLGATE_REDIS__USERNAME=" + aclUser, "TOLLGATE_REDIS__PASSWORD_FILE=" + password, "TOLLGATE_REDIS__KEY_PREFIX=" + aclPrefix,
		"TOLLGATE_REDIS__TLS__ENABLED=true", "TOLLGATE_REDIS__TLS__CA_FILE=" + s.CAFile,
		"TOLLGATE_REDIS__TLS__CERT_FILE=" + s.CertFile, "TOLLGATE_REDIS__TLS__KEY_FILE=" + s.KeyFile,
	}}
}
