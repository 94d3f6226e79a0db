package server

import (
	"github.com/VictoriaMetrics/metrics"

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
	limited *metrics.Counter
	dropped *metrics.Counter // what fasthttp could not read or answer

	issued      map[oauth.GrantType]*metrics.Counter
	valid       *metrics.Counter                // good tokens at /validate
	validations map[oauth.Code]*metrics.Counter // by what else was answered
	stale       *metrics.Counter                // good tokens whose revocation could not be asked
}

func newMeters(set *metrics.Set, tables ...[]route) *meters {
	metrics.ExposeMetadata(true) // TYPE lines; the library has one switch for all sets
	m := &meters{
		routes:  map[string]*routeMeters{},
		panics:  set.NewCounter("tollgate_http_panics_total"),
		limited: set.NewCounter("tollgate_http_limited_total"),
		dropped: set.NewCounter("tollgate_http_connection_errors_total"),
		stale:   set.NewCounter("tollgate_validations_stale_total"),
	}
	m.issued = map[oauth.GrantType]*metrics.Counter{}
	for _, g := range []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials, otherGrant} {
		m.issued[g] = set.NewCounter(`tollgate_tokens_issued_total{grant="` + string(g) + `"}`)
	}
	m.validations = map[oauth.Code]*metrics.Counter{}
	m.valid = set.NewCounter(`tollgate_validations_total{outcome="valid"}`)
	for code, outcome := range validationOutcomes {
		m.validations[code] = set.NewCounter(`tollgate_validations_total{outcome="` + outcome + `"}`)
	}
	m.routes[unmatchedName] = &routeMeters{}
	for _, table := range tables {
		for _, row := range table {
			if m.routes[row.name] == nil {
				m.routes[row.name] = &routeMeters{}
			}
		}
	}
	set.RegisterMetricsWriter(m.writeRoutes)
	return m
}

// validationOutcomes names what /validate can say against a token.
var validationOutcomes = map[oauth.Code]string{
	oauth.CodeUnauthenticated:        "no_token",
	oauth.CodeInvalidToken:           "invalid_token",
	oauth.CodeInsufficientScope:      "insufficient_scope",
	oauth.CodeTemporarilyUnavailable: "unavailable",
	oauth.CodeServerError:            "error",
}

// validated notes one answer of /validate.
func (m *meters) validated(err error) {
	if err == nil {
		m.valid.Inc()
		return
	}
	if counter := m.validations[oauth.AsError(err).Code]; counter != nil {
		counter.Inc()
		return
	}
	m.validations[oauth.CodeInvalidToken].Inc() // malformed in some other way
}

// otherGrant counts tokens of a grant that has no series of its own.
const otherGrant oauth.GrantType = "other"

// issuedFor notes a token of a grant.
func (m *meters) issuedFor(grant oauth.GrantType) {
	if m.issued[grant] == nil {
		grant = otherGrant
	}
	m.issued[grant].Inc()
}
