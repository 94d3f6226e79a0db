package config

import (
	"errors"
	"regexp"
	"time"
)

// maxWaitReplicas is more replicas than anybody waits for.
const maxWaitReplicas = 16

var keyPrefix = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)

func (v *validator) redis() {
	r := v.config.Redis
	oneOf(v, "redis.mode", r.Mode, ModeStandalone, ModeSentinel, ModeCluster)
	v.redisAddresses()
	switch {
	case r.Mode == ModeSentinel && r.SentinelMaster == "":
		v.problem("redis.sentinel_master", "is not set; give the name that Sentinels know the primary by, such as mymaster")
	case r.Mode != ModeSentinel && r.SentinelMaster != "":
		v.problem("redis.sentinel_master", "is only for mode sentinel; remove it")
	}
	if r.Username != "" && r.PasswordFile == "" {
		v.problem("redis.username", "has no password; set redis.password_file")
	}
	v.config.Redis.Password = Secret(v.secretLine("redis.password_file", r.PasswordFile))
	between(v, "redis.db", r.DB, 0, 1<<16)
	if r.Mode == ModeCluster && r.DB != 0 {
		v.problem("redis.db", "is %d; a cluster has database 0 only: remove it", r.DB)
	}
	v.redisTLS()
	if !keyPrefix.MatchString(r.KeyPrefix) {
		v.problem("redis.key_prefix", "%q is wrong; wants 1 to 64 letters, digits and _ . : -", clip(r.KeyPrefix))
	}
	between(v, "redis.timeout", r.Timeout, time.Millisecond, maxTimeout)
	between(v, "redis.wait_replicas", r.WaitReplicas, 0, maxWaitReplicas)
}

// ReadPassword reads the password from its file as it is now; "" where there is none.
func (r *Redis) ReadPassword() (string, error) {
	if r.PasswordFile == "" {
		return "", nil
	}
	text, err := readBounded(string(r.PasswordFile), "redis.password_file", maxSecret)
	if err != nil {
		return "", err
	}
	line := firstLine(text)
	if line == "" {
		return "", errors.New("redis.password_file is empty")
	}
	return line, nil
}

func (v *validator) redisAddresses() {
	const path = "redis.addresses"
	r := v.config.Redis
	switch {
	case len(r.Addresses) == 0:
		v.problem(path, "is empty; give one such as 127.0.0.1:6379")
	case len(r.Addresses) > 1 && r.Mode == ModeStandalone:
		v.problem(path, "holds %d addresses; mode standalone wants one", len(r.Addresses))
	}
	for _, address := range r.Addresses {
		if at, ok := v.hostPort(path, address); ok && (at.host == "" || at.port == 0) {
			v.problem(path, "%q is wrong; wants a host and a port, such as 127.0.0.1:6379", clip(address))
		}
	}
}

func (v *validator) redisTLS() {
	t := v.config.Redis.TLS
	if !t.Enabled {
		for _, key := range []struct{ path, value string }{
			{"redis.tls.ca_file", string(t.CAFile)},
			{"redis.tls.cert_file", string(t.CertFile)},
			{"redis.tls.key_file", string(t.KeyFile)},
			{"redis.tls.server_name", t.ServerName},
		} {
			if key.value != "" {
				v.problem(key.path, "is set while redis.tls.enabled is false; set that to true, or remove this")
			}
		}
		return
	}
	v.authorities("redis.tls.ca_file", t.CAFile)
	v.pair("redis.tls", t.CertFile, t.KeyFile)
}
