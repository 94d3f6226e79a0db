//go:build attacks

package attacks

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

func idPairs(x *trial) {
	x.bad(x.saw(x.node.Admin("POST", "/users", map[string]any{"username": "a:b", "password": personPassword})), "invalid_request")
	mark := strings.ToLower(e2e.Random()[:8])
	pairs := [][2]string{{mark + "a.b", "c" + mark}, {mark + "a", "b:c" + mark}, {mark + "a.b.c", ":" + mark}, {mark + "a.", "b:c" + mark + ":"}}
	apps := make([]e2e.App, len(pairs))
	for i, pair := range pairs {
		x.node.AddUser(x.T, pair[0], personPassword)
		apps[i] = x.node.AddApp(x.T, map[string]any{"client_id": pair[1], "scope": "openid offline_access", "grant_types": []string{"authorization_code", "refresh_token"}, "redirect_uris": []string{"http://127.0.0.1:8085/callback"}})
	}
	tokens := make([]e2e.Tokens, len(pairs))
	for i, pair := range pairs {
		tokens[i] = e2e.NewBrowser(pair[0], personPassword).Login(x.T, x.node, apps[i])
	}
	x.status(x.asAdmin("POST", "/grants/revoke", fmt.Sprintf(`{"username":%q,"client_id":%q}`, pairs[0][0], pairs[0][1])), 204)
	x.ended(tokens[0].Access)
	for _, other := range tokens[1:] {
		x.alive(other.Access)
		x.alive(other.Refresh)
	}
	for i, pair := range pairs { // consent of one is not another's
		v := x.visitor().signIn(pair[0], personPassword)
		asked := x.node.Ask(apps[(i+1)%len(apps)], "prompt", "none")
		x.redirected(v.get(asked.URL), apps[0].RedirectURI, asked.State, "consent_required")
	}
}

// shaped is what every key of Redis looks like: words of ours, then hashes; a tag only where ours is.
// shaped is what names of keys look like; a hash may hold the text of the prefix by chance.
const shaped = `^PREFIX(:[a-z]+)+(:[\w-]{22}|:[\w-]{43}|:\{([\w-]{22}|PREFIX:events|PREFIX:keys)\}(:[\w-]{22})?)?$`

func (x *trial) shapes() {
	x.Helper()
	if x.store == "memory" {
		x.note("no keys in memory")
		return
	}
	name := regexp.MustCompile(strings.ReplaceAll(shaped, "PREFIX", regexp.QuoteMeta(x.prefix)))
	for _, k := range x.keys() {
		if !name.MatchString(k.name) {
			x.Errorf("key %q", k.name)
		}
	}
	x.note("every key is made of hashes")
}

func hashTags(x *trial) {
	for i := range 8 {
		id := fmt.Sprintf("{tag}%d%s", i, e2e.Random()[:8])
		if a := x.saw(x.node.Admin("POST", "/clients", map[string]any{"client_id": id, "grant_types": []string{"client_credentials"}, "scope": "orders:read"})); a.Status == 201 {
			x.alive(x.tokenOf(e2e.App{ID: id, Secret: a.Text("client_secret"), Scope: "orders:read"}))
		} else {
			x.bad(a, "invalid_request")
		}
		x.saw(x.node.Admin("POST", "/users", map[string]any{"username": id, "password": personPassword}))
	}
	x.shapes()
}

func binaryIDs(x *trial) {
	for _, id := range []string{"a\r\nSET x y", "a b", "a\x00b", "\x00", "a\tb", "\u2028", "\ufeff", strings.Repeat("a", 257), "*3\r\n$3\r\nSET"} {
		x.bad(x.saw(x.node.Admin("POST", "/clients", map[string]any{"client_id": id, "grant_types": []string{}})), "invalid_request")
		x.unknownClient(x.saw(x.node.Post("/token", e2e.App{ID: id, Secret: "x"}, "grant_type", "client_credentials")), true)
	}
	huge := `{"client_id":"` + strings.Repeat("a", 1<<20) + `"}`
	x.tooLarge(x.rawAll(x.ops(), fmt.Sprintf("POST /admin/v1/clients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", x.node.AdminToken(), len(huge), huge))[0])
	x.shapes()
}

func forgedMessages(x *trial) {
	revoked, good := x.tokenOf(x.service), x.tokenOf(x.service)
	x.alive(revoked)
	x.node.Revoke(x.service, revoked).Want(x.T, 200)
	x.ended(revoked)
	claims := claimsOf(revoked)
	for _, channel := range []string{x.prefix + ":events", "__redis__:invalidate", x.prefix + ":keys", x.prefix, "invalidate", "config"} {
		for _, message := range []string{
			"x", "", "{}", `{"type":"token_issued","client":"` + x.service.ID + `"}`, `{"type":"grant_restored","grant":"x"}`, fmt.Sprintf(`{"type":"unrevoked","jti":%q}`, claims["jti"]),
			x.prefix + ":revoked:token:*", strings.Repeat("A", 1<<20), "\x00\xff\r\n",
		} {
			x.onRedis("PUBLISH", channel, message)
		}
	}
	time.Sleep(100 * time.Millisecond)
	x.ended(revoked)
	x.alive(good)
	x.alive(x.token)
}

// lasting are the keys that never expire: what people registered, and the signing keys.
var lasting = regexp.MustCompile(`^[a-z0-9]+:(clients|origins:(clients|word):\{[a-z0-9]+:origins\}|users|keys|(client|user|username|consent):[\w-]{22})$`)

func keysExpire(x *trial) {
	const (
		longest = 746 * time.Hour  // refresh_ttl, a day for access tokens, and what clocks may differ by
		year    = 8784 * time.Hour // of the count of seconds, by which nodes notice a restored backup
	)
	for _, k := range x.keys() {
		switch {
		case lasting.MatchString(k.name):
		case k.lives < 0, strings.HasPrefix(k.name, x.prefix+":beat:") && k.lives > year.Milliseconds():
			x.Errorf("%s stays for ever", k.name)
		case k.lives > longest.Milliseconds() && !strings.HasPrefix(k.name, x.prefix+":beat:"):
			x.Errorf("%s lives %d ms", k.name, k.lives)
		}
	}
	x.note("after all rows only clients, users, consents and keys have none")
}

// The user and the password of deploy/redis.acl, where nobody has written a password of their own.
const aclUser, aclPassword, aclPrefix = "tollgate", "change-me", "tollgate"

func leastPrivilege(x *trial) {
	acl, err := filepath.Abs(top + "/deploy/redis.acl")
	if err != nil {
		x.Fatal(err)
	}
	password := filepath.Join(x.TempDir(), "password")
	if err := os.WriteFile(password, []byte(aclPassword+"\n"), 0o600); err != nil {
		x.Fatal(err)
	}
	var redis e2e.Redis
	if x.store == "cluster" {
		c := redistest.StartCluster(x.T, "--include", acl)
		redis = e2e.Redis{Addr: c.Addresses[0], Env: e2e.ClusterEnv(c)}
	} else {
		redis = e2e.Redis{Addr: redistest.Start(x.T, "--include", acl).Addr}
	}
	redis.Env = append(redis.Env, "TOLLGATE_REDIS__USERNAME="+aclUser, "TOLLGATE_REDIS__PASSWORD_FILE="+password)
	x.moveTo(redis, aclPrefix)
	x.useEverything()
	x.good(x.bearer("/validate", x.token))
	for _, command := range []string{"FLUSHALL", "FLUSHDB", "KEYS *", "SCAN 0", "RANDOMKEY", "CONFIG SET dir /", "CONFIG REWRITE", "DEBUG SLEEP 0", "MIGRATE h 1 k 0 1", "SHUTDOWN", "REPLICAOF NO ONE", "MONITOR", "ACL LIST", "ACL SETUSER x",
		"SLOWLOG GET", "CLIENT LIST", "CLIENT KILL TYPE normal", "SAVE", "BGREWRITEAOF", "DUMP " + aclPrefix + ":keys", "RESTORE x 0 x", "RENAME " + aclPrefix + ":keys x", "MODULE LIST", "FUNCTION LIST", "SCRIPT FLUSH", "GET other:key", "SET other:key x", "PUBLISH other x", "SUBSCRIBE other", "SWAPDB 0 1"} {
		if said := asUser(x, redis.Addr, command); !strings.HasPrefix(said, "-NOPERM") && !strings.HasPrefix(said, "-ERR DEBUG command not allowed") {
			x.Errorf("%s is answered %q", command, said)
		}
	}
	if said := asUser(x, redis.Addr, "EXISTS "+aclPrefix+":keys"); strings.HasPrefix(said, "-NOPERM") {
		x.Errorf("what it must do is answered %q", said)
	}
	x.note("every flow works; 30 commands are refused with NOPERM")
}

// asUser sends one command as the user of the ACL, and returns the first line of the reply.
func asUser(x *trial, address, command string) string {
	x.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		x.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerTime))
	fmt.Fprintf(conn, "AUTH %s %s\r\n%s\r\n", aclUser, aclPassword, command)
	reply := make([]byte, 4096)
	all := ""
	for strings.Count(all, "\r\n") < 2 {
		n, err := conn.Read(reply)
		if all += string(reply[:n]); err != nil {
			break
		}
	}
	_, second, _ := strings.Cut(all, "\r\n")
	return second
}
