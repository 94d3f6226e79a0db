package clientauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// HashSecret returns what is stored of a client secret. Generated secrets are 256 random bits,
// so one SHA-256 is as good as a slow hash, and comparing costs nothing.
func HashSecret(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// Authenticate returns the client that the credentials prove (RFC 6749 2.3). It says
// invalid_request where two methods were used, invalid_client for everything that is wrong with
// them, in equal words and equal work, and temporarily_unavailable where nobody knows. What is
// remembered of a client may prove credentials, but never disprove them: it may be new, or have a
// new secret, since a moment ago.
func Authenticate(ctx context.Context, clients store.Clients, c *Credentials) (*oauth.Client, error) {
	presented, err := choose(c)
	if err != nil {
		return nil, err
	}
	for range 2 {
		client, err := clients.GetClient(ctx, presented.id)
		if err != nil && !errors.Is(err, store.ErrAbsent) {
			return nil, oauth.Unavailable(err)
		}
		c.Named = client
		if c.Refused = judge(client, &presented); c.Refused == 0 {
			return client, nil
		}
		if client == nil { // which is never said from memory, and takes as long to ask as a wrong secret
			break
		}
		ctx = store.Fresh(ctx)
	}
	return nil, oauth.InvalidClient()
}

// Proves reports whether the credentials are those of a client.
func Proves(client *oauth.Client, c *Credentials) bool {
	p, err := choose(c)
	if err == nil {
		c.Named, c.Refused = client, judge(client, &p)
	}
	return err == nil && c.Refused == 0
}

type proof struct {
	id     string
	secret string
	method oauth.AuthMethod
}

// choose finds the one method that was used.
func choose(c *Credentials) (proof, error) {
	switch {
	case c.Basic && c.Secret != "", c.Assertion && (c.Basic || c.Secret != ""):
		return proof{}, oauth.InvalidRequest("more than one way of client authentication") // 2.3
	case c.Assertion:
		c.Refused = ReasonAssertion
		return proof{}, oauth.InvalidClient()
	case c.BasicBad:
		c.Refused = ReasonMalformed
		return proof{}, oauth.InvalidClient()
	case c.Basic && c.ID != "" && c.ID != c.BasicID:
		return proof{}, oauth.InvalidRequest("client_id differs from the authenticated client") // 3.2.1
	case c.Basic:
		return proof{c.BasicID, c.BasicSecret, oauth.AuthSecretBasic}, nil
	case c.Secret != "":
		return proof{c.ID, c.Secret, oauth.AuthSecretPost}, nil
	default:
		return proof{c.ID, "", oauth.AuthNone}, nil
	}
}

// nobody stands in for a client that is not there, so that its absence takes as long to find
// out as a wrong secret.
var nobody = &oauth.Client{SecretHash: make([]byte, sha256.Size), Disabled: true}

// judge says why p is not what client is registered for, or nothing where it is. It compares before
// it looks at anything else, so that the time it takes depends on nothing but the secret's length.
func judge(client *oauth.Client, p *proof) Reason {
	unknown := client == nil
	if unknown {
		client = nobody
	}
	same := subtle.ConstantTimeCompare(HashSecret(p.secret), client.SecretHash) == 1
	switch {
	case unknown:
		return ReasonUnknown
	case client.Disabled:
		return ReasonDisabled
	case client.Public() && p.method != oauth.AuthNone:
		return ReasonMethod
	case client.Public():
		return 0
	case p.method == oauth.AuthNone || p.secret == "":
		return ReasonNoSecret
	case client.AuthMethod != oauth.AuthAnySecret && client.AuthMethod != p.method: // OIDC Core 9
		return ReasonMethod
	case !same:
		return ReasonSecret
	}
	return 0
}
