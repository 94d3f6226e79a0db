package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"tollgate/cmd/tollgate/load"
)

// Further clients of dev mode, for the loads that need them.
const (
	devGateway       = "demo-gateway"
	devGatewaySecret = "demo-gateway-secret"
	devWeb           = "demo-web"
	devWebSecret     = "demo-web-secret"
	devRedirect      = "http://127.0.0.1:8085/callback"
)

// callers prepares what a load needs and returns one caller per connection.
func (b *benching) callers(ctx context.Context, name string) ([]load.Caller, error) {
	make := map[string]func(context.Context) (func(i int) load.Caller, error){
		"validate":           b.validating,
		"introspect":         b.introspecting,
		"client-credentials": b.issuing,
		"refresh":            b.refreshing,
	}[name]
	caller, err := make(ctx)
	if err != nil {
		return nil, err
	}
	var all []load.Caller
	for i := range b.connections {
		all = append(all, caller(i))
	}
	return all, nil
}

// as is the client that was named, or else a demo client.
func (b *benching) as(id, secret string) *flowClient {
	c := *b.client
	if b.demo {
		c.id, c.secret = id, secret
	}
	return &c
}

// mint gets tokens of a service.
func (b *benching) mint(ctx context.Context) ([]string, error) {
	service := b.as(devService, devServiceSecret)
	all := make([]string, b.tokens)
	for i := range all {
		t, err := service.token(ctx, b.scoped(url.Values{"grant_type": {"client_credentials"}}))
		if err != nil {
			return nil, fmt.Errorf("tokens to ask about: %w", err)
		}
		all[i] = t.AccessToken
	}
	return all, nil
}

func (b *benching) scoped(form url.Values) url.Values {
	if scope, _ := b.cmd.Flags().GetString("scope"); scope != "" {
		form.Set("scope", scope)
	}
	return form
}

// validating asks /validate about one token after the other.
func (b *benching) validating(ctx context.Context) (func(int) load.Caller, error) {
	tokens, err := b.mint(ctx)
	return func(i int) load.Caller {
		r := b.http.NewRequest(b.client.issuer.Issuer+"/validate", nil)
		return func() error {
			r.SetAuthorization("Bearer " + tokens[i%len(tokens)])
			i++
			status, body, err := r.Send()
			return verdict(status, body, err)
		}
	}, err
}

// introspecting asks /introspect about one token after the other.
func (b *benching) introspecting(ctx context.Context) (func(int) load.Caller, error) {
	tokens, err := b.mint(ctx)
	gateway := b.as(devGateway, devGatewaySecret)
	return func(i int) load.Caller {
		r := b.post(gateway, b.client.issuer.IntrospectionEndpoint)
		return func() error {
			r.SetForm(gateway.identified(url.Values{"token": {tokens[i%len(tokens)]}}))
			i++
			status, body, err := r.Send()
			if err := verdict(status, body, err); err != nil {
				return err
			}
			if !bytes.Contains(body, []byte(`"active":true`)) {
				return errors.New("a good token is not active")
			}
			return nil
		}
	}, err
}

// issuing gets tokens by client credentials.
func (b *benching) issuing(context.Context) (func(int) load.Caller, error) {
	service := b.as(devService, devServiceSecret)
	return func(int) load.Caller {
		r := b.post(service, b.client.issuer.TokenEndpoint)
		r.SetForm(service.identified(b.scoped(url.Values{"grant_type": {"client_credentials"}})))
		return func() error {
			status, body, err := r.Send()
			return verdict(status, body, err)
		}
	}, nil
}

// refreshing rotates refresh tokens: each caller has a family of its own, as a phone does. A refused
// token stays the caller's token; the family may live.
func (b *benching) refreshing(ctx context.Context) (func(int) load.Caller, error) {
	app := b.as(devWeb, devWebSecret)
	families, err := b.signInAll(ctx, app)
	return func(i int) load.Caller {
		r := b.post(app, b.client.issuer.TokenEndpoint)
		current := families[i]
		return func() error {
			r.SetForm(app.identified(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {current}}))
			status, body, err := r.Send()
			if err := verdict(status, body, err); err != nil {
				return err
			}
			var answer tokens
			if json.Unmarshal(body, &answer) != nil || answer.RefreshToken == "" {
				return errors.New("no refresh token in the answer")
			}
			current = answer.RefreshToken
			return nil
		}
	}, err
}

// signInAll signs in once and lets the app have a grant per caller.
func (b *benching) signInAll(ctx context.Context, app *flowClient) ([]string, error) {
	redirect, err := url.Parse(b.redirect)
	if err != nil || redirect.Host == "" {
		return nil, misused("--redirect-uri wants an address such as %s", devRedirect)
	}
	browser, err := newBrowser(redirect)
	if err != nil {
		return nil, err
	}
	all := make([]string, b.connections)
	for i := range all {
		a := &attempt{redirectURI: redirect, state: randomText(), verifier: randomText(), nonce: randomText(), issuer: app.issuer.Issuer}
		if all[i], err = b.family(ctx, app, browser, a); err != nil {
			return nil, fmt.Errorf("refresh tokens to begin with: %w", err)
		}
	}
	return all, nil
}

// family goes through /authorize and /token for a refresh token.
func (b *benching) family(ctx context.Context, app *flowClient, browser *http.Client, a *attempt) (string, error) {
	answer, err := browse(ctx, browser, a.url(app, "openid offline_access"), b.user, b.password)
	if err != nil {
		return "", err
	}
	code, err := a.check(answer)
	if err != nil {
		return "", err
	}
	t, err := app.token(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {a.redirectURI.String()}, "code_verifier": {a.verifier},
	})
	if err == nil && t.RefreshToken == "" {
		err = errors.New("the client may not have refresh tokens")
	}
	if err != nil {
		return "", err
	}
	return t.RefreshToken, nil
}

// post prepares a request of a client with a form; a secret goes into the header (RFC 6749 2.3.1).
func (b *benching) post(c *flowClient, address string) *load.Request {
	r := b.http.NewRequest(address, url.Values{})
	if c.secret != "" {
		pair := url.QueryEscape(c.id) + ":" + url.QueryEscape(c.secret)
		r.SetAuthorization("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	return r
}

// identified adds the client's name where no secret says it.
func (c *flowClient) identified(form url.Values) url.Values {
	if c.secret == "" {
		form.Set("client_id", c.id)
	}
	return form
}

// verdict is nil for 200, or else the kind of what came back.
func verdict(status int, body []byte, err error) error {
	if err != nil || status == http.StatusOK {
		return err
	}
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" && len(answer.Error) < 60 {
		return fmt.Errorf("%d %s", status, printable(answer.Error))
	}
	return fmt.Errorf("%d", status)
}
