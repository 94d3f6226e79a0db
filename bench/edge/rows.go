//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// build starts everybody and says what is measured.
func (c *comparison) build(only *regexp.Regexp) error {
	for _, add := range []func() error{c.addValidate, c.addIssuance, c.addRefresh, c.addStorm} {
		if err := add(); err != nil {
			return err
		}
	}
	c.rows = slices.DeleteFunc(c.rows, func(r *row) bool { return !only.MatchString(r.name) })
	return nil
}

// addValidate is what checks tokens: all of them see the same RS256 token.
func (c *comparison) addValidate() error {
	c.together()
	n, err := c.startNode(c.tollgate, "tollgate")
	if err != nil {
		return err
	}
	tok, err := n.token()
	if err != nil {
		return err
	}
	c.facts = append(c.facts, fmt.Sprintf("the RS256 token has %d bytes", len(tok)))
	ask := get(n.address, "/validate", tok)
	if err := c.addBare(n, bareGet, ask); err != nil {
		return err
	}
	c.add(validateHit, "one token, `tollgate dev` with its defaults, log and metrics on", func() (sample, error) { return c.load(n.server, job{Requests: [][]byte{ask}}) })
	c.profiled(n, ask)
	c.add(validateNew, "RS256, in memory", c.allNew(n))
	c.add(rsaVerify, "crypto/rsa, PKCS #1 v1.5, SHA-256", c.raw("RSA-2048 verify", len(tok)-343))
	if h, err := c.startHAProxy(n); err != nil {
		c.miss(haproxyVerify, err)
	} else {
		c.add(haproxyVerify, "algorithm, signature and expiry; answers 200 without headers", func() (sample, error) { return c.load(h, job{Requests: [][]byte{ask}}) })
	}
	if x, err := c.startNginx(); err != nil {
		c.miss(nginxEmpty, err)
	} else {
		c.add(nginxEmpty, "one worker, no access log", func() (sample, error) { return c.load(x, job{Requests: [][]byte{ask}, Status: "204"}) })
	}
	return c.addIntrospect(n, tok)
}

// allNew validates tokens that the node has never seen. They are issued before the clock starts.
func (c *comparison) allNew(n *node) func() (sample, error) {
	return func() (sample, error) {
		tokens, err := n.mint(newTokens)
		if err != nil {
			return sample{}, err
		}
		j := job{Once: true, Warm: 20 * time.Millisecond, Measure: time.Minute}
		for _, tok := range tokens {
			j.Requests = append(j.Requests, get(n.address, "/validate", tok))
		}
		return c.load(n.server, j)
	}
}

func (c *comparison) addIntrospect(n *node, tok string) error {
	c.together()
	ask := post(n.address, "/introspect", gatewayID, gatewaySecret, "token="+tok)
	if err := c.addBare(n, bareIntrospect, ask); err != nil {
		return err
	}
	active := `"active":true`
	c.add(introspectHit, "one token, client_secret_basic", func() (sample, error) {
		return c.load(n.server, job{Requests: [][]byte{ask}, Contains: active})
	})
	tokens, err := n.mint(100)
	if err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{"tokens": tokens})
	if err != nil {
		return err
	}
	batch := body(n.address, "/introspect/batch", gatewayID, gatewaySecret, "application/json", string(text))
	c.add(introspectMany, "100 different tokens; figures are per token", func() (sample, error) {
		f, err := c.generate(n.server, &job{Requests: [][]byte{batch}, Contains: active})
		return f.sample(100), err
	})
	return nil
}

// addIssuance is what issues tokens to a service.
func (c *comparison) addIssuance() error {
	for _, alg := range []struct{ name, bare, tollgate, raw, operation string }{
		{"RS256", bareRSA, tokenRSA, rsaSign, "RSA-2048 sign"},
		{"EdDSA", bareEdDSA, tokenEdDSA, edSign, "Ed25519 sign"},
	} {
		c.together()
		n, err := c.startNode(c.tollgate, "tollgate-"+alg.name, "--signing-alg", alg.name)
		if err != nil {
			return err
		}
		tok, err := n.token()
		if err != nil {
			return err
		}
		ask := post(n.address, "/token", serviceID, serviceSecret, clientCredentials)
		if err := c.addBare(n, alg.bare, ask); err != nil {
			return err
		}
		c.add(alg.tollgate, "client_secret_basic, default scope, event and log line for each", func() (sample, error) {
			return c.load(n.server, job{Requests: [][]byte{ask}, Contains: `"access_token"`})
		})
		c.add(alg.raw, "crypto/rsa or crypto/ed25519", c.raw(alg.operation, strings.LastIndexByte(tok, '.')))
	}
	c.addOthers()
	return nil
}

// addOthers is what one would use in Tollgate's place.
func (c *comparison) addOthers() {
	c.apart()
	scope := "&scope=orders%3Aread+orders%3Awrite"
	if s, err := c.startOIDCProvider(); err != nil {
		c.miss("oidc-provider", err)
	} else {
		c.addIssuer(s, oidcOpaque, "/token", clientCredentials+scope+"&resource=urn:opaque", oidcIntrospect, "/token/introspection")
		c.addIssuer(s, oidcJWT, "/token", clientCredentials+scope+"&resource=urn:jwt", "", "")
	}
	if s, err := c.startFosite(); err != nil {
		c.miss("fosite", err)
	} else {
		c.addIssuer(s, fositeOpaque, "/opaque/token", clientCredentials+scope, fositeInspect, "/opaque/introspect")
		c.addIssuer(s, fositeJWT, "/jwt/token", clientCredentials+scope, "", "")
	}
}

// addIssuer measures issuance, and introspection of an opaque token where a row for that is named.
func (c *comparison) addIssuer(s *server, issue, path, form, inspect, inspectPath string) {
	ask := post(s.address, path, serviceID, serviceSecret, form)
	about := map[bool]string{true: "opaque, store in memory", false: "JWT of RFC 9068"}[inspect != ""]
	c.add(issue, about, func() (sample, error) { return c.load(s, job{Requests: [][]byte{ask}, Contains: `"access_token"`}) })
	if inspect == "" {
		return
	}
	c.add(inspect, "an opaque token, store in memory", func() (sample, error) {
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		_, text, err := askAt(s.address, ask) // anew in each round: some stores forget
		if err != nil || json.Unmarshal(text, &answer) != nil {
			return sample{}, fmt.Errorf("no token: %s %v", text, err)
		}
		return c.load(s, job{Contains: `"active":true`, Requests: [][]byte{post(s.address, inspectPath, gatewayID, gatewaySecret, "token="+answer.AccessToken)}})
	})
}

// addRefresh is what rotates on Redis, and /validate there.
func (c *comparison) addRefresh() error {
	redis, err := c.startRedis()
	if err != nil {
		c.miss("everything on Redis", err)
		return nil
	}
	for name, value := range map[string]string{
		"TOLLGATE_RATE_LIMITS__LOGIN": "off", // one person signs in many times in a row
		"TOLLGATE_REDIS__TIMEOUT":     "2s",  // a slow machine is measured, too
	} {
		os.Setenv(name, value)
		defer os.Unsetenv(name)
	}
	n, err := c.startNode(c.tollgate, "tollgate-redis", "--redis", redis.address, "--signing-alg", "EdDSA")
	if err != nil {
		return err
	}
	tok, err := n.token()
	if err != nil {
		return err
	}
	ask := get(n.address, "/validate", tok)
	c.add(validateRedis, "one token (EdDSA, "+fmt.Sprint(len(tok))+" bytes); Redis tells of revocations", func() (sample, error) {
		return c.load(n.server, job{Requests: [][]byte{ask}})
	})
	if err := c.addFlood(n, redis); err != nil {
		return err
	}
	tokens, err := n.refreshTokens(connections + 1)
	if err != nil {
		return err
	}
	c.together()
	rotate := func(token string) []byte { return post(n.address, "/token", webID, webSecret, refreshForm(token)) }
	if err := c.addBare(n, bareRefresh, rotate(tokens[connections])); err != nil {
		return err
	}
	tokens = tokens[:connections]
	c.add(refreshRedis, "each connection its own family; Redis on the load's core", func() (sample, error) {
		j := job{Rotate: "refresh_token", Tokens: tokens}
		for _, token := range tokens {
			j.Requests = append(j.Requests, rotate(token))
		}
		f, err := c.generate(n.server, &j)
		if err == nil {
			tokens = f.Tokens
		}
		return f.sample(1), err
	})
	source, err := scriptSource()
	if err != nil {
		return err
	}
	c.add(rawRotate, "rueidis alone, as many callers as connections, pipelined; records as Tollgate stores them", func() (sample, error) {
		var got cost
		err := part(serverCore, "evalsha", map[string]any{"Address": redis.address, "Source": source, "Callers": connections, "Measure": c.span}, &got)
		return got.sample(), err
	})
	return nil
}

// addBare measures bare fasthttp with the request, and the bytes that Tollgate answers to it.
func (c *comparison) addBare(n *node, name string, ask []byte) error {
	a, err := n.answerTo(ask)
	if err != nil {
		return err
	}
	if a.Status != 200 {
		return fmt.Errorf("%s: Tollgate answers %d: %s", name, a.Status, a.Body)
	}
	s, err := c.startBare("bare-"+fmt.Sprint(len(c.rows)), a)
	if err != nil {
		return err
	}
	c.add(name, "default settings, prepared bytes, no work", func() (sample, error) { return c.load(s, job{Requests: [][]byte{ask}}) })
	return nil
}
