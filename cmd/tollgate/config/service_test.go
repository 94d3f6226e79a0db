package config

import (
	"errors"
	"strings"
	"testing"
)

func TestLoad_WhatAClusterSaysOfItsServicesIsPassedOver(t *testing.T) {
	c := load(t, "testdata/good/least.yaml",
		"TOLLGATE_SERVICE_HOST=10.0.0.1",
		"TOLLGATE_SERVICE_PORT=8080",
		"TOLLGATE_SERVICE_PORT_HTTP=8080",
		"TOLLGATE_SERVICE_PORT_HTTP_ALT=8081",
		"TOLLGATE_PORT=tcp://10.0.0.1:8080",
		"TOLLGATE_PORT_8080_TCP=tcp://10.0.0.1:8080",
		"TOLLGATE_PORT_8080_TCP_PROTO=tcp",
		"TOLLGATE_PORT_8080_TCP_PORT=8080",
		"TOLLGATE_PORT_8080_TCP_ADDR=10.0.0.1",
		"TOLLGATE_OPS_SERVICE_HOST=fd00::1",
		"TOLLGATE_OPS_SERVICE_PORT=9090",
		"TOLLGATE_OPS_SERVICE_PORT_OPS=9090",
		"TOLLGATE_OPS_PORT=udp://[fd00::1]:9090",
		"TOLLGATE_OPS_PORT_9090_UDP=udp://[fd00::1]:9090",
		"TOLLGATE_OPS_PORT_9090_UDP_PROTO=udp",
		"TOLLGATE_OPS_PORT_9090_UDP_PORT=9090",
		"TOLLGATE_OPS_PORT_9090_UDP_ADDR=fd00::1",
		"TOLLGATE_REDIS_PORT=tcp://10.0.0.2:6379", // of a service tollgate-redis
		"TOLLGATE_REDIS__TIMEOUT=100ms",
	)
	if c.Redis.Timeout.String() != "100ms" {
		t.Errorf("redis.timeout: got %v", c.Redis.Timeout)
	}
}

func TestLoad_WhatAPersonMeantIsNotTakenForAService(t *testing.T) {
	for _, pair := range []string{
		"TOLLGATE_PORT=8080",
		"TOLLGATE_PORT=",
		"TOLLGATE_PORT=tcp://10.0.0.1",
		"TOLLGATE_PORT=http://10.0.0.1:8080",
		"TOLLGATE_PORT=tcp://10.0.0.1:8080\n",
		"TOLLGATE_OPS_PORT=9090",
		"TOLLGATE_HOST=10.0.0.1",
		"TOLLGATE_SERVICE_HOST=auth.example.com",
		"TOLLGATE_SERVICE_HOST=8080",
		"TOLLGATE_SERVICE_PORT=http",
		"TOLLGATE_SERVICE_PORT_HTTP=tcp://10.0.0.1:8080",
		"TOLLGATE_PORT_8080=8080",
		"TOLLGATE_PORT_8080_TCP_NAME=8080",
		"TOLLGATE_LISTEN__PORT=tcp://10.0.0.1:8080",
		"TOLLGATE_service_port=8080",
		"TOLLGATE_LISTEN__PUBLIC=tcp://10.0.0.1:8080",
		"TOLLGATE_REDIS=tcp://10.0.0.1:6379",
	} {
		name, _, _ := strings.Cut(pair, "=")
		_, err := Load("testdata/good/least.yaml", []string{pair})
		var problems Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Source != name {
			t.Errorf("%q: got %v, want one problem that names the variable", pair, err)
		}
	}
}

// Such a key would be passed over, too.
func TestLoad_NoKeyIsCalledLikeAService(t *testing.T) {
	for _, path := range schemaOf(Default()).paths {
		for _, value := range []string{"10.0.0.1", "8080", "tcp", "tcp://10.0.0.1:8080"} {
			if serviceVariable.MatchString(variable(path) + "=" + value) {
				t.Errorf("%s is the name of a service's variable; give the key another", path)
			}
		}
	}
}
