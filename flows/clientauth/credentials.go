package clientauth

// Credentials is what a request presented, decoded once and nothing more: no rule has been
// applied. The two ways of RFC 6749 2.3.1 are kept apart, because using both is an error.
type Credentials struct {
	Basic       bool   // an Authorization: Basic header was there
	BasicBad    bool   // and could not be decoded
	BasicID     string // form-decoded (RFC 6749 2.3.1)
	BasicSecret string
	ID          string // client_id of the body
	Secret      string // client_secret of the body
}
