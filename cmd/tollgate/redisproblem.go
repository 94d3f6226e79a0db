package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"tollgate/cmd/tollgate/config"
	"tollgate/redisx"
)

// redisProblem says why Redis did not serve, and the fix: that nobody is there is only one of the
// reasons, and for that one it says absent.
func redisProblem(r *config.Redis, err error, absent string) error {
	err = redisx.Cause(err)
	at, says := strings.Join(r.Addresses, ", "), redisSays(err)
	var untrusted *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	switch word, _, _ := strings.Cut(says, " "); {
	case word == "WRONGPASS" || word == "NOAUTH":
		return fmt.Errorf("the Redis at %s refused the user name or password; see redis.username and redis.password_file", at)
	case word == "NOPERM":
		return fmt.Errorf("the Redis at %s does not permit what Tollgate needs; correct the rights of its user there: %s", at, says)
	case strings.Contains(says, "client-side caching"): // the library's advice is for who calls it
		return fmt.Errorf("what answers at %s cannot tell its clients of changes (CLIENT TRACKING); use Redis 6.2 or newer, without a proxy before it", at)
	case word == "LOADING":
		return fmt.Errorf("the Redis at %s is still loading its data; wait, then try again", at)
	case strings.Contains(says, "DB index is out of range"):
		return fmt.Errorf("the Redis at %s has no database %d; correct redis.db", at, r.DB)
	case strings.Contains(says, "unknown message type"):
		return fmt.Errorf("what answers at %s is not Redis; correct redis.addresses: %s", at, says)
	case isErrorWord(word):
		return fmt.Errorf("the Redis at %s refused: %s", at, says)
	case errors.As(err, &untrusted):
		return fmt.Errorf("the certificate of the Redis at %s cannot be trusted; see redis.tls.ca_file and redis.tls.server_name: %s", at, says)
	case errors.As(err, &noTLS):
		return fmt.Errorf("what answers at %s does not speak TLS; correct redis.addresses or redis.tls.enabled: %s", at, says)
	case strings.Contains(says, "remote error: tls: "):
		return fmt.Errorf("the Redis at %s does not accept this TLS; see redis.tls.cert_file and redis.tls.key_file: %s", at, says)
	case r.TLS.Enabled && (isCutOff(err) || errors.Is(err, context.DeadlineExceeded)):
		return fmt.Errorf("what listens at %s does not answer over TLS; correct redis.addresses or redis.tls.enabled: %s", at, says)
	case isCutOff(err):
		return fmt.Errorf("what listens at %s hangs up; if it is Redis, it may want TLS (redis.tls.enabled): %s", at, says)
	}
	return fmt.Errorf("no Redis answers at %s; %s: %s", at, absent, says)
}

// explain puts an error of Redis as who runs it can use it, and leaves every other as it is.
func (n *node) explain(err error) error {
	if !errors.Is(err, redisx.ErrUnavailable) {
		return err
	}
	return redisProblem(n.redisAt, err, "start it, or correct redis.addresses")
}

// redisSays is what is left of an error without our own words, nor what a library adds on a line of its
// own: Redis' answer, or that of the network.
func redisSays(err error) string {
	says, _, _ := strings.Cut(err.Error(), "\n")
	_, named, ours := strings.Cut(says, redisx.ErrUnavailable.Error()+": ")
	if _, cause, ok := strings.Cut(named, ": "); ours && ok { // after the operation's name
		return cause
	}
	return says
}

// isErrorWord reports whether it is what Redis' errors begin with, such as OOM or MISCONF.
func isErrorWord(word string) bool {
	return len(word) > 2 && !strings.ContainsFunc(word, func(r rune) bool { return r < 'A' || r > 'Z' })
}

// isCutOff reports whether the other side closed the connection.
func isCutOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
