package server

import (
	"github.com/VictoriaMetrics/metrics"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

// outcomes are the values of the outcome label.
const (
	outcomeOK = iota
	outcomeInvalid
	outcomeUnauthenticated
	outcomeForbidden
	outcomeLimited
	outcomeUnavailable
	outcomeError
	outcomeCount
)

var outcomeNames = [outcomeCount]string{"ok", "invalid", "unauthenticated", "forbidden", "limited", "unavailable", "error"}

// outcomeOf sorts a status into an outcome.
func outcomeOf(status int) int {
	switch {
	case status < 400:
		return outcomeOK
	case status == 401:
		return outcomeUnauthenticated
	case status == 403:
		return outcomeForbidden
	case status == 429:
		return outcomeLimited
	case status == 503:
		return outcomeUnavailable
	case status < 500:
		return outcomeInvalid
	}
	return outcomeError
}

// meters are all series of one server. Every one is made at start, so their number does not depend
// on what is sent.
type meters struct {
	routes  map[string]*routeMeters
	panics  *metrics.Counter
	limited map[string]*metrics.Counter // by the name of the limit that was reached
	dropped *metrics.Counter            // what fasthttp could not read or answer

	issued struct{ code, refresh, client, other *metrics.Counter } // tokens, by grant
	valid  *metrics.Counter                                        // good tokens at /validate
	// tokens at /validate that were not good, by what was answered
	noToken, invalid, insufficient, unavailable, failed *metrics.Counter
	stale                                               *metrics.Counter // good tokens whose revocation could not be asked
	claims                                              claimMeters      // good tokens at /validate and /introspect
}

func newMeters(set *metrics.Set, tables ...[]route) *meters {
	metrics.ExposeMetadata(true) // TYPE lines; the library has one switch for all sets
	m := &meters{
		routes:  map[string]*routeMeters{},
		panics:  set.NewCounter("tollgate_http_panics_total"),
		limited: map[string]*metrics.Counter{},
		dropped: set.NewCounter("tollgate_http_connection_errors_total"),
		stale:   set.NewCounter("tollgate_validations_stale_total"),
	}
	for _, name := range flows.LimitNames() {
		m.limited[name] = set.NewCounter(`tollgate_http_limited_total{limit="` + name + `"}`)
	}
	issued := func(g oauth.GrantType) *metrics.Counter {
		return set.NewCounter(`tollgate_tokens_issued_total{grant="` + string(g) + `"}`)
	}
	m.issued.code, m.issued.refresh = issued(oauth.GrantAuthorizationCode), issued(oauth.GrantRefreshToken)
	m.issued.client, m.issued.other = issued(oauth.GrantClientCredentials), issued("other")
	validation := func(outcome string) *metrics.Counter {
		return set.NewCounter(`tollgate_validations_total{outcome="` + outcome + `"}`)
	}
	m.valid, m.noToken, m.invalid = validation("valid"), validation("no_token"), validation("invalid_token")
	m.insufficient, m.unavailable, m.failed = validation("insufficient_scope"), validation("unavailable"), validation("error")
	m.routes[unmatchedName] = &routeMeters{}
	for _, table := range tables {
		for _, row := range table {
			if m.routes[row.name] == nil {
				m.routes[row.name] = &routeMeters{}
			}
		}
	}
	set.RegisterMetricsWriter(m.writeRoutes)
	set.RegisterMetricsWriter(m.claims.write)
	return m
}

// validated notes one answer of /validate.
func (m *meters) validated(err error) {
	if err == nil {
		m.valid.Inc()
		return
	}
	switch oauth.AsError(err).Code {
	case oauth.CodeUnauthenticated:
		m.noToken.Inc()
	case oauth.CodeInsufficientScope:
		m.insufficient.Inc()
	case oauth.CodeTemporarilyUnavailable:
		m.unavailable.Inc()
	case oauth.CodeServerError:
		m.failed.Inc()
	default: // malformed in one way or another
		m.invalid.Inc()
	}
}

// issuedFor notes a token of a grant.
func (m *meters) issuedFor(grant oauth.GrantType) {
	switch grant {
	case oauth.GrantAuthorizationCode:
		m.issued.code.Inc()
	case oauth.GrantRefreshToken:
		m.issued.refresh.Inc()
	case oauth.GrantClientCredentials:
		m.issued.client.Inc()
	default: // one that has no series of its own
		m.issued.other.Inc()
	}
}
