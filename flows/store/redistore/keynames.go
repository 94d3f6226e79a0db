package redistore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"tollgate/flows/oauth"
	"tollgate/flows/store"
)

// names makes every key there is. P is the prefix; N(…) is a hash of ids that come from outside,
// so that no id can choose its slot, break out of its place or meet another; the record holds
// the true id and is compared after reading. G is the grant id.
//
//	P:client:N(client)              string  "<version> <json>"
//	P:clients                       zset    every client id, by lexicographic order
//	P:origins:clients:{P:origins}   hash    client id -> json: created, version, origins; of clients that have some
//	P:origins:word:{P:origins}      string  random, another whenever that changes
//	P:origins                       string  json: the same of all clients, by earlier versions; with a TTL once it is taken over
//	P:user:N(subject)               string  "<version> <json>"
//	P:username:N(username)          string  the subject; with a TTL while the user is being made
//	P:users                         zset    every username, by lexicographic order
//	P:consent:N(subject, client)    hash    subject client scope granted
//	P:keys                          hash    epoch version keys
//	P:beat:{P:keys}                 string  counter, about one a second, TTL; beside the keys in a Cluster
//	P:session:HASH                  string  json, TTL
//	P:interaction:HASH              hash    data outcome, TTL
//	P:code:{G}                      hash    hash grant client redirect challenge refreshable expires until misses spent, TTL
//	P:family:{G}                    hash    grant client current expires previous sealed rotated ended, TTL
//	P:families:subject:N(subject)   zset    grant ids, by when they expire, TTL
//	P:families:client:N(client)     zset    the same for a client
//	P:revoked:grant:{G}             string  "0", TTL
//	P:revoked:token:{G}:N(jti)      string  "0", TTL
//	P:revoked:session:N(sid)        string  "0", TTL
//	P:revoked:client:N(client)      string  cut-off in Unix ms, TTL
//	P:revoked:subject:N(subject)    string  cut-off in Unix ms, TTL
//	P:lease:{N(name)}               hash    owner fence, TTL
//	P:fence:{N(name)}               string  counter, TTL
//	P:events                        stream  event: json, TTL; also a channel of that name
//	P:appended:{P:events}:N(node)   string  count of the node's last event, TTL
//	P:limit:{0-f}:N(limit, whom)    string  "", its TTL is the allowance; of redisx.SharedLimits
type names struct{ prefix string }

// CachedPrefixes are what the keys begin with that are read for every token or with every grant, and
// so answered from memory: revocations, clients, users, consents, and the key set for its epoch. The
// origins are read for whichever page calls.
func CachedPrefixes(prefix string) []string {
	return []string{prefix + ":revoked:", prefix + ":client:", prefix + ":user:", prefix + ":consent:", prefix + ":keys", prefix + ":origins"}
}

// GenerationPrefixes are those of them that decide whether a token is good, or who is calling.
func GenerationPrefixes(prefix string) []string {
	return []string{prefix + ":revoked:", prefix + ":client:", prefix + ":keys"}
}

func (n names) client(id string) string         { return n.prefix + ":client:" + digest(id) }
func (n names) clients() string                 { return n.prefix + ":clients" }
func (n names) earlierOrigins() string          { return n.prefix + ":origins" }
func (n names) user(subject string) string      { return n.prefix + ":user:" + digest(subject) }
func (n names) username(username string) string { return n.prefix + ":username:" + digest(username) }
func (n names) users() string                   { return n.prefix + ":users" }
func (n names) keys() string                    { return n.prefix + ":keys" }
func (n names) beat() string                    { return n.prefix + ":beat:{" + n.keys() + "}" }
func (n names) lease(name string) string        { return n.prefix + ":lease:{" + digest(name) + "}" }
func (n names) events() string                  { return n.prefix + ":events" }
func (n names) fence(name string) string        { return n.prefix + ":fence:{" + digest(name) + "}" }

func (n names) originsByClient() string {
	return n.prefix + ":origins:clients:{" + n.earlierOrigins() + "}"
}
func (n names) originsWord() string { return n.prefix + ":origins:word:{" + n.earlierOrigins() + "}" }

func (n names) consent(subject, clientID string) string {
	return n.prefix + ":consent:" + digest(subject, clientID)
}

func (n names) session(h store.Hash) string     { return n.prefix + ":session:" + b64(h[:]) }
func (n names) interaction(h store.Hash) string { return n.prefix + ":interaction:" + b64(h[:]) }

func (n names) code(g oauth.GrantID) string   { return n.prefix + ":code:" + tag(g) }
func (n names) family(g oauth.GrantID) string { return n.prefix + ":family:" + tag(g) }

func (n names) familiesOfSubject(subject string) string {
	return n.prefix + ":families:subject:" + digest(subject)
}
func (n names) familiesOfClient(id string) string { return n.prefix + ":families:client:" + digest(id) }

func (n names) revokedGrant(g oauth.GrantID) string { return n.prefix + ":revoked:grant:" + tag(g) }
func (n names) revokedSession(sid string) string    { return n.prefix + ":revoked:session:" + digest(sid) }
func (n names) revokedClient(id string) string      { return n.prefix + ":revoked:client:" + digest(id) }
func (n names) revokedSubject(sub string) string    { return n.prefix + ":revoked:subject:" + digest(sub) }

// appended lies beside the stream: its tag is the stream's whole name.
func (n names) appended(node string) string {
	return n.prefix + ":appended:{" + n.events() + "}:" + digest(node)
}

// revokedToken lies beside its grant: a token id begins with the grant id.
func (n names) revokedToken(id oauth.TokenID) string {
	var grant oauth.GrantID
	if raw, err := base64.RawURLEncoding.DecodeString(string(id)); err == nil && len(raw) == 32 {
		grant = oauth.GrantID(b64(raw[:16]))
	}
	return n.prefix + ":revoked:token:" + tag(grant) + ":" + digest(string(id))
}

// tag is the hash tag of a grant. A grant id that is not of its shape never came from us.
func tag(g oauth.GrantID) string {
	if raw, err := base64.RawURLEncoding.DecodeString(string(g)); err != nil || len(raw) != 16 || len(g) != 22 {
		g = oauth.GrantID(digest(string(g)))
	}
	return "{" + string(g) + "}"
}

// digest is 22 characters that stand for the ids. Each is hashed behind its length, so that
// ("a:b", "c") and ("a", "b:c") differ.
func digest(ids ...string) string {
	text := make([]byte, 0, 256) // on the stack, for all ids but very long ones
	for _, id := range ids {
		text = binary.BigEndian.AppendUint64(text, uint64(len(id)))
		text = append(text, id...)
	}
	sum := sha256.Sum256(text)
	return b64(sum[:16])
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
