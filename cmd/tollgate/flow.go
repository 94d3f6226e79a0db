package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newFlow() *cobra.Command {
	return group("flow", "Perform a flow against a running issuer and print the tokens",
		newFlowClientCredentials(), newFlowAuthorizationCode(), newFlowRefresh())
}

// The clients of dev mode, so that a newcomer needs no flags.
const (
	devIssuer        = "http://127.0.0.1:8080"
	devService       = "demo-service"
	devServiceSecret = "demo-service-secret"
	devApp           = "demo-spa"
)

// withFlow gives a command the flags that all flows share.
func withFlow(cmd *cobra.Command, defaultClient string) *cobra.Command {
	flags := cmd.Flags()
	flags.String("issuer", devIssuer, "the issuer's address")
	flags.String("client-id", defaultClient, "who asks")
	flags.String("client-secret", "", "its secret; other users of this machine can see it, so prefer the next")
	flags.String("client-secret-file", "", "file that holds its secret")
	flags.String("scope", "", "scopes, separated by spaces")
	return withOutput(cmd)
}

// flowClient is a client of a running issuer.
type flowClient struct {
	id, secret string
	http       *http.Client
	issuer     issuerMetadata
}

// issuerMetadata is what the flows and bench need of RFC 8414 2.
type issuerMetadata struct {
	Issuer                string `json:"issuer"`
	TokenEndpoint         string `json:"token_endpoint"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
}

// tokens is a token answer (RFC 6749 5.1), whole in Raw.
type tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`

	Raw json.RawMessage `json:"-"`
}

// newFlowClient reads the flags and discovers the issuer.
func newFlowClient(cmd *cobra.Command) (*flowClient, error) {
	flags := cmd.Flags()
	c := &flowClient{http: &http.Client{Timeout: 10 * time.Second}}
	c.id, _ = flags.GetString("client-id")
	c.secret, _ = flags.GetString("client-secret")
	if file, _ := flags.GetString("client-secret-file"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c.secret = strings.TrimRight(string(text), "\r\n")
	}
	if c.id == devService && c.secret == "" {
		c.secret = devServiceSecret
	}
	issuer, _ := flags.GetString("issuer")
	if u, err := url.Parse(issuer); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, misused("--issuer is %q; begin it with http:// or https://", issuer)
	}
	return c, c.discover(cmd.Context(), issuer)
}

// discover reads the issuer's metadata, which must name the issuer it was asked of (RFC 8414 3.3).
func (c *flowClient) discover(ctx context.Context, issuer string) error {
	issuer = strings.TrimSuffix(issuer, "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/.well-known/oauth-authorization-server", nil)
	if err != nil {
		return fmt.Errorf("--issuer: %w", err)
	}
	text, status, err := c.do(request)
	var distrust *tls.CertificateVerificationError
	switch {
	case errors.As(err, &distrust):
		return untrusted(issuer, distrust.Err)
	case err != nil:
		return fmt.Errorf("no issuer answers at %s; is `tollgate dev` running? %w", issuer, err)
	case status != http.StatusOK:
		return fmt.Errorf("%s answered %d when asked for its metadata; is it an issuer?", issuer, status)
	}
	if err := json.Unmarshal(text, &c.issuer); err != nil {
		return fmt.Errorf("metadata of %s: %w", issuer, err)
	}
	if c.issuer.Issuer != issuer {
		return fmt.Errorf("the server at %s calls itself %s; use that as --issuer", issuer, c.issuer.Issuer)
	}
	return nil
}

// untrusted says why a certificate is refused. Who signed it is the one reason that this machine can mend.
func untrusted(issuer string, reason error) error {
	var stranger x509.UnknownAuthorityError
	text := fmt.Sprintf("the certificate of %s is refused: %s", issuer, printable(reason.Error()))
	if errors.As(reason, &stranger) {
		text += "; name a file with the certificate of who signed it in SSL_CERT_FILE"
	}
	return errors.New(text)
}

// token sends a token request (RFC 6749 4 and 6).
func (c *flowClient) token(ctx context.Context, form url.Values) (*tokens, error) {
	if c.secret == "" {
		form.Set("client_id", c.id)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.issuer.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.secret != "" {
		request.SetBasicAuth(url.QueryEscape(c.id), url.QueryEscape(c.secret)) // RFC 6749 2.3.1
	}
	text, status, err := c.do(request)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, refusal(text, status)
	}
	t := &tokens{Raw: text}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("token answer: %w", err)
	}
	return t, nil
}

func (c *flowClient) do(request *http.Request) (body []byte, status int, err error) {
	response, err := c.http.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return body, response.StatusCode, err
}

// refusal is an error answer (RFC 6749 5.2) as an error.
func refusal(text []byte, status int) error {
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(text, &answer) != nil || answer.Error == "" {
		return fmt.Errorf("the issuer answered %d without an error code", status)
	}
	return errors.New(refusalText(answer.Error, answer.Description))
}

// refusalText is an error code with its description, if there is one, for a terminal.
func refusalText(code, description string) string {
	return printable(strings.TrimSuffix(code+": "+description, ": "))
}

// showTokens prints a token answer, or passes it on as it is.
func showTokens(cmd *cobra.Command, t *tokens) error {
	return show(cmd, t.Raw, func(w io.Writer) {
		row(w, "access_token", t.AccessToken)
		row(w, "expires_in", (time.Duration(t.ExpiresIn) * time.Second).String())
		field(w, "scope", t.Scope)
		field(w, "refresh_token", t.RefreshToken)
		field(w, "id_token", t.IDToken)
	})
}

func newFlowClientCredentials() *cobra.Command {
	return withFlow(&cobra.Command{
		Use: "client-credentials", Short: "A token for a service (RFC 6749 4.4)",
		RunE: does(func(cmd *cobra.Command, _ []string) error {
			return runTokenFlow(cmd, url.Values{"grant_type": {"client_credentials"}})
		}),
	}, devService)
}

func newFlowRefresh() *cobra.Command {
	cmd := withFlow(&cobra.Command{
		Use: "refresh [TOKEN]", Short: "A new access token for a refresh token (RFC 6749 6)",
		Long: `Refresh takes the refresh token as its argument, from --refresh-token, or else from a prompt or standard
input, where no other user of this machine can see it.`,
		RunE: does(func(cmd *cobra.Command, args []string) error {
			refresh, _ := cmd.Flags().GetString("refresh-token")
			switch {
			case refresh != "" && len(args) > 0:
				return misused("give the refresh token once")
			case len(args) > 0:
				refresh = args[0]
			case refresh == "":
				var err error
				if refresh, err = readSecret(cmd, "Refresh token: ", "refresh token"); err != nil {
					return err
				}
			}
			return runTokenFlow(cmd, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
		}),
	}, devApp)
	cmd.Flags().String("refresh-token", "", "the refresh token")
	return cmd
}

func runTokenFlow(cmd *cobra.Command, form url.Values) error {
	c, err := newFlowClient(cmd)
	if err != nil {
		return err
	}
	if scope, _ := cmd.Flags().GetString("scope"); scope != "" {
		form.Set("scope", scope)
	}
	t, err := c.token(cmd.Context(), form)
	if err != nil {
		return err
	}
	return showTokens(cmd, t)
}
