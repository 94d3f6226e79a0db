package clientauth

import "tollgate/flows/oauth"

// Credentials is what a request presented, decoded once and nothing more: no rule has been
// applied. The two ways of RFC 6749 2.3.1 are kept apart, because using both is an error.
// Authenticate adds what came of them.
type Credentials struct {
	Basic       bool   // an Authorization: Basic header was there
	BasicBad    bool   // and could not be decoded
	BasicID     string // form-decoded (RFC 6749 2.3.1)
	BasicSecret string
	ID          string // client_id of the body
	Secret      string // client_secret of the body
	Assertion   bool   // a client_assertion was there (RFC 7521 4.2)

	// Named is the registered client that they name, whether they prove it or not; nil where they name
	// none. It is for who asks whom a request was about, and opens nothing.
	Named   *oauth.Client
	Refused Reason // why they prove nothing
}

// Reason is why somebody is not let in as a client, for those who run the server: strangers hear
// the same of all. The set is fixed.
type Reason uint8

// The reasons that exist. The zero value is none.
const (
	ReasonMalformed Reason = iota + 1
	ReasonAssertion        // no client can use one
	ReasonUnknown
	ReasonDisabled
	ReasonMethod // not the one the client is registered for
	ReasonNoSecret
	ReasonSecret
	ReasonPublic // where one must prove something
)

var reasons = [...]string{
	"", "malformed", "assertion", "unknown client", "disabled", "wrong method", "no secret", "wrong secret", "public client",
}

// String is the reason in words that an event may hold.
func (r Reason) String() string { return reasons[r] }
