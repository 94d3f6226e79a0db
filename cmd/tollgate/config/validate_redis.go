package config

import (
	"regexp"
	"time"
)

var keyPrefix = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)

func (v *validator) redis() {
	r := v.config.Redis
	if oneOf(v, "redis.mode", r.Mode, ModeStandalone, "sentinel", "cluster") && r.Mode != ModeStandalone {
		v.problem("redis.mode", "%s is not supported yet; use standalone", r.Mode)
	}
	v.redisAddresses()
	if r.SentinelMaster != "" && r.Mode != "sentinel" {
		v.problem("redis.sentinel_master", "is only for mode sentinel; remove it")
	}
	if r.Username != "" && r.PasswordFile == "" {
		v.problem("redis.username", "has no password; set redis.password_file")
	}
	v.config.Redis.Password = Secret(v.secretLine("redis.password_file", r.PasswordFile))
	between(v, "redis.db", r.DB, 0, 1<<16)
	v.redisTLS()
	if !keyPrefix.MatchString(r.KeyPrefix) {
		v.problem("redis.key_prefix", "%q is wrong; wants 1 to 64 letters, digits and _ . : -", clip(r.KeyPrefix))
	}
	between(v, "redis.timeout", r.Timeout, time.Millisecond, maxTimeout)
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
