package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newFlowAuthorizationCode() *cobra.Command {
	cmd := withFlow(&cobra.Command{
		Use: "authorization-code", Short: "Tokens for a person who signs in: code + PKCE (RFC 6749 4.1, RFC 7636)",
		Long: `Authorization-code prints an address to open in a browser, waits on a loopback port for the answer,
checks state and issuer (RFC 9207), and trades the code for tokens. With --login it signs in at the
issuer's own pages by itself; the password is read from a prompt or standard input.`,
		RunE: does(runAuthorizationCode),
	}, devApp)
	flags := cmd.Flags()
	flags.Set("scope", "openid profile email offline_access")
	flags.Lookup("scope").DefValue = flags.Lookup("scope").Value.String()
	flags.String("redirect-uri", "http://127.0.0.1:0/callback", "loopback address to listen on; port 0 takes a free one")
	flags.String("login", "", "sign in as this user, without a browser")
	flags.Duration("timeout", 5*time.Minute, "how long to wait for the person")
	return cmd
}

// attempt is one authorization request, and what its answer must fit.
type attempt struct {
	redirectURI *url.URL
	state       string
	verifier    string // RFC 7636 4.1
	nonce       string
	issuer      string
}

func runAuthorizationCode(cmd *cobra.Command, _ []string) error {
	c, err := newFlowClient(cmd)
	if err != nil {
		return err
	}
	timeout, _ := cmd.Flags().GetDuration("timeout")
	ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
	defer cancel()

	text, _ := cmd.Flags().GetString("redirect-uri")
	redirect, err := url.Parse(text)
	if err != nil || redirect.Scheme != "http" {
		return misused("--redirect-uri wants an address such as http://127.0.0.1:8085/callback")
	}
	a := &attempt{redirectURI: redirect, state: randomText(), verifier: randomText(), nonce: randomText(), issuer: c.issuer.Issuer}
	answer, err := a.ask(ctx, cmd, c)
	if err != nil {
		return err
	}
	code, err := a.check(answer)
	if err != nil {
		return err
	}
	t, err := c.token(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {a.redirectURI.String()}, "code_verifier": {a.verifier},
	})
	if err != nil {
		return err
	}
	if err := a.checkNonce(t.IDToken); err != nil {
		return err
	}
	return showTokens(cmd, t)
}

// ask sends a person, or the login below, to the issuer and returns the parameters that come back.
func (a *attempt) ask(ctx context.Context, cmd *cobra.Command, c *flowClient) (url.Values, error) {
	scope, _ := cmd.Flags().GetString("scope")
	if user, _ := cmd.Flags().GetString("login"); user != "" {
		password, err := readSecret(cmd, "Password of "+user+": ", "password")
		if err != nil {
			return nil, err
		}
		if a.redirectURI.Port() == "0" {
			a.redirectURI.Host = net.JoinHostPort(a.redirectURI.Hostname(), "8085") // nobody needs to listen there
		}
		return signIn(ctx, a.url(c, scope), a.redirectURI, user, password)
	}
	listener, err := net.Listen("tcp", hostPort(a.redirectURI))
	if err != nil {
		return nil, fmt.Errorf("--redirect-uri: %w; choose another port", err)
	}
	a.redirectURI.Host = listener.Addr().String()
	fmt.Fprintf(cmd.ErrOrStderr(), "Open this address in a browser:\n\n  %s\n\n", a.url(c, scope))
	return a.wait(ctx, listener)
}

// hostPort is where to listen for a redirect; without a port, on a free one.
func hostPort(u *url.URL) string {
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), "0")
	}
	return u.Host
}

// url is the authorization request (RFC 6749 4.1.1, RFC 7636 4.3).
func (a *attempt) url(c *flowClient, scope string) string {
	challenge := sha256.Sum256([]byte(a.verifier))
	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {c.id},
		"redirect_uri":          {a.redirectURI.String()},
		"scope":                 {scope},
		"state":                 {a.state},
		"nonce":                 {a.nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}
	return c.issuer.AuthorizationEndpoint + "?" + query.Encode()
}

// wait answers the browser that comes back with our state, and nobody else.
func (a *attempt) wait(ctx context.Context, listener net.Listener) (url.Values, error) {
	answers := make(chan url.Values, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+a.redirectURI.EscapedPath(), func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(a.state)) != 1 {
			http.Error(w, "This is not the answer to our request.", http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		fmt.Fprintln(w, farewell(query)+" You can close this window and go back to the terminal.")
		select {
		case answers <- query:
		default: // the browser came twice
		}
	})
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go web.Serve(listener)
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		web.Shutdown(ctx) // lets the page reach the browser
	}()
	select {
	case answer := <-answers:
		return answer, nil
	case <-ctx.Done():
		return nil, errors.New("nobody came back from the browser in time")
	}
}

// farewell tells the person at the browser how it ended.
func farewell(answer url.Values) string {
	switch code := answer.Get("error"); code {
	case "":
		return "Done."
	case "access_denied":
		return "Access was denied (access_denied); the application got nothing."
	default:
		return "This did not work: " + refusalText(code, answer.Get("error_description")) + "."
	}
}

// check returns the code of an answer that fits the request.
func (a *attempt) check(answer url.Values) (string, error) {
	switch {
	case answer.Get("state") != a.state: // RFC 6749 10.12
		return "", errors.New("the answer carries another state")
	case answer.Get("iss") != a.issuer: // RFC 9207 2.4
		return "", fmt.Errorf("the answer comes from another issuer, %q", answer.Get("iss"))
	case answer.Get("error") != "":
		return "", errors.New(refusalText(answer.Get("error"), answer.Get("error_description")))
	case answer.Get("code") == "":
		return "", errors.New("the answer carries no code")
	}
	return answer.Get("code"), nil
}

// checkNonce ties the id_token, which came straight from the issuer, to this request (OIDC Core
// 3.1.3.7, 6 and 11).
func (a *attempt) checkNonce(idToken string) error {
	if idToken == "" {
		return nil
	}
	var claims struct {
		Nonce string `json:"nonce"`
	}
	parts := strings.Split(idToken, ".")
	if len(parts) == 3 {
		if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil && json.Unmarshal(payload, &claims) == nil && claims.Nonce == a.nonce {
			return nil
		}
	}
	return errors.New("the id_token answers another request")
}

// randomText is 256 random bits as 43 characters, which is also a good verifier (RFC 7636 4.1).
func randomText() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}
