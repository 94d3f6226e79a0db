package load

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// Client sends requests to one server, over one connection per caller.
type Client struct{ host *fasthttp.HostClient }

// NewClient returns a client of the server at an address such as https://auth.example.com.
func NewClient(address string, connections int, timeout time.Duration) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	host := u.Host
	if u.Port() == "" {
		host += map[bool]string{false: ":80", true: ":443"}[u.Scheme == "https"]
	}
	return &Client{&fasthttp.HostClient{
		Addr: host, IsTLS: u.Scheme == "https", MaxConns: connections,
		Dial:        (&fasthttp.TCPDialer{Concurrency: connections}).DialDualStack,
		ReadTimeout: timeout, WriteTimeout: timeout,
		MaxIdleConnDuration:       time.Minute,
		MaxIdemponentCallAttempts: 1, // a second attempt would hide the first
		NoDefaultUserAgentHeader:  true,
	}}, nil
}

// Request is one that a caller sends again and again. It takes one goroutine at a time.
type Request struct {
	client   *Client
	request  fasthttp.Request
	response fasthttp.Response
}

// NewRequest prepares a GET, or a POST if form is not nil.
func (c *Client) NewRequest(address string, form url.Values) *Request {
	r := &Request{client: c}
	r.request.SetRequestURI(address)
	if form != nil {
		r.request.Header.SetMethod(fasthttp.MethodPost)
		r.request.Header.SetContentType("application/x-www-form-urlencoded")
		r.SetForm(form)
	}
	return r
}

// SetAuthorization sets the header of that name.
func (r *Request) SetAuthorization(value string) { r.request.Header.Set("Authorization", value) }

// SetForm replaces the body.
func (r *Request) SetForm(form url.Values) { r.request.SetBodyString(form.Encode()) }

// Send returns the answer; body is good until the next Send. Errors say the kind of failure and
// nothing else.
func (r *Request) Send() (status int, body []byte, err error) {
	if err := r.client.host.Do(&r.request, &r.response); err != nil {
		return 0, nil, errors.New(kind(err))
	}
	return r.response.StatusCode(), r.response.Body(), nil
}

// kind names what went wrong; the error's own text has ports and addresses in it.
func kind(err error) string {
	switch {
	case errors.Is(err, fasthttp.ErrTimeout), errors.Is(err, fasthttp.ErrDialTimeout), isTimeout(err):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, fasthttp.ErrConnectionClosed):
		return "connection closed"
	case strings.Contains(err.Error(), "tls: ") || strings.Contains(err.Error(), "x509: "):
		return "TLS"
	}
	return "no answer"
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}
