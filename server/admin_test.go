package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tollgate/flows"
)

const adminBearer = "Bearer " + adminToken

func (e *edge) admin(t *testing.T, method, path, body string, header ...string) *answer {
	t.Helper()
	h := map[string]string{}
	for i := 0; i < len(header); i += 2 {
		h[header[i]] = header[i+1]
	}
	return e.do(t, call{method: method, path: "/admin/v1" + path, auth: adminBearer, json: body, header: h, ops: true})
}

func TestAdmin_EveryRouteNeedsTheAdminToken(t *testing.T) {
	e := newEdge(t)
	user := e.userTokens(t, "openid").member(t, "access_token")
	for _, row := range adminRoutes() {
		path := strings.ReplaceAll(row.path, "{id}", "demo-web")
		for name, auth := range map[string]string{
			"nothing": "", "a service's token": "Bearer " + e.serviceToken(t), "a user's token": "Bearer " + user, "a longer token": adminBearer + "x",
			"a shorter token": adminBearer[:len(adminBearer)-1], "Basic": basic("admin:" + adminToken), "an empty token": "Bearer ",
		} {
			t.Run("row 367: "+row.methods+" "+row.path+" with "+name, func(t *testing.T) {
				e.do(t, call{method: row.methods, path: path, auth: auth, json: "{}", ops: true}).wants(t, 401, "")
			})
		}
		t.Run("row 377: "+row.path+" on the public listener", func(t *testing.T) {
			e.do(t, call{method: row.methods, path: path, auth: adminBearer, json: "{}"}).wants(t, 404, "not_found")
		})
	}
	if a := e.admin(t, "GET", "/clients/demo-web", ""); a.status != 200 {
		t.Errorf("somebody deleted demo-web: %d", a.status)
	}
}

func TestAdmin_WithoutATokenThereIsNoAPI(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.AdminToken = "" })
	for _, auth := range []string{"", "Bearer ", adminBearer} {
		e.do(t, call{method: "GET", path: "/admin/v1/clients", auth: auth, ops: true}).wants(t, 404, "not_found")
	}
}

func TestAdmin_ClientsLiveAndDie(t *testing.T) {
	e := newEdge(t)
	created := e.admin(t, "POST", "/clients", `{"client_id":"shop","client_name":"Shop","grant_types":["client_credentials"],"scope":"a b"}`).wants(t, 201, "")
	secret := created.member(t, "client_secret")
	if secret == "" || created.header.Get("Etag") != `"1"` || strings.Contains(created.body, `hash":`) {
		t.Fatalf("%s with %v", created.body, created.header)
	}
	token := func(secret string) *answer {
		return e.do(t, call{path: "/token", auth: basic("shop:" + secret), form: clientCredentials()})
	}
	token(secret).wants(t, 200, "")
	e.admin(t, "POST", "/clients", `{"client_id":"shop","grant_types":["client_credentials"]}`).wants(t, 409, "conflict")

	got := e.admin(t, "GET", "/clients/shop", "").wants(t, 200, "")
	if got.member(t, "client_secret") != "" || got.member(t, "scope") != "a b" || got.member(t, "client_name") != "Shop" {
		t.Errorf("%s", got.body)
	}
	const changed = `{"client_name":"Shop 2","grant_types":["client_credentials"],"scope":"a"}`
	t.Run("row 373: a change needs the version that was read", func(t *testing.T) {
		e.admin(t, "PUT", "/clients/shop", changed).wants(t, 412, "precondition_failed")
		for _, tag := range []string{`"2"`, `"0"`, `"x"`, `1`, `*`, `"-1"`, `W/"1"`} {
			e.admin(t, "PUT", "/clients/shop", changed, "If-Match", tag).wants(t, 412, "precondition_failed")
		}
		if a := e.admin(t, "PUT", "/clients/shop", changed, "If-Match", `"1"`).wants(t, 200, ""); a.header.Get("Etag") != `"2"` {
			t.Errorf("ETag %q", a.header.Get("Etag"))
		}
		e.admin(t, "PUT", "/clients/shop", changed, "If-Match", `"1"`).wants(t, 412, "precondition_failed")
	})
	e.admin(t, "PUT", "/clients/shop", `{"client_id":"other","grant_types":[]}`, "If-Match", `"2"`).wants(t, 400, "invalid_request")

	rotated := e.admin(t, "POST", "/clients/shop/secret", "").wants(t, 200, "").member(t, "client_secret")
	token(secret).wants(t, 401, "invalid_client")
	live := token(rotated).wants(t, 200, "").member(t, "access_token")

	e.admin(t, "DELETE", "/clients/shop", "").wants(t, 204, "")
	e.admin(t, "DELETE", "/clients/shop", "").wants(t, 404, "not_found")
	e.admin(t, "GET", "/clients/shop", "").wants(t, 404, "not_found")
	token(rotated).wants(t, 401, "invalid_client")
	e.validate(t, "", live).wants(t, 401, "")
}

func TestAdmin_AClientMayDoWhatItsShapeIsFor(t *testing.T) {
	e := newEdge(t)
	for body, want := range map[string]string{
		`{}`: `["client_credentials"]`,
		`{"redirect_uris":["https://app.example/cb"]}`:                                      `["authorization_code","refresh_token"]`,
		`{"redirect_uris":["https://app.example/cb"],"token_endpoint_auth_method":"none"}`:  `["authorization_code","refresh_token"]`,
		`{"redirect_uris":["https://app.example/cb"],"grant_types":["authorization_code"]}`: `["authorization_code"]`,
		`{"introspect_any":true}`:                                       `[]`,
		`{"token_endpoint_auth_method":"none"}`:                         `[]`,
		`{"grant_types":[]}`:                                            `[]`,
		`{"redirect_uris":["https://app.example/cb"],"grant_types":[]}`: `[]`,
	} {
		if a := e.admin(t, "POST", "/clients", body).wants(t, 201, ""); !strings.Contains(a.body, `"grant_types":`+want) {
			t.Errorf("%s is %s, want %s", body, a.body, want)
		}
	}
}

// Whoever changes what GET gave sends all of it back.
func TestAdmin_WhatWasReadMayBePut(t *testing.T) {
	e := newEdge(t)
	const shop = `{"client_id":"shop","client_name":"Shop","grant_types":["client_credentials"],"disabled":%t}`
	e.admin(t, "POST", "/clients", fmt.Sprintf(shop, true)).wants(t, 201, "")
	e.admin(t, "PUT", "/clients/shop", fmt.Sprintf(shop, true), "If-Match", `"1"`).wants(t, 200, "")
	e.admin(t, "PUT", "/clients/shop", fmt.Sprintf(shop, false), "If-Match", `"2"`).wants(t, 200, "")
	read := e.admin(t, "GET", "/clients/shop", "").wants(t, 200, "")
	for _, member := range []string{`"created_at":`, `"updated_at":`, `"usable_from":`, `"version":3`} {
		if !strings.Contains(read.body, member) {
			t.Fatalf("%s is not in %s", member, read.body)
		}
	}
	put := func(body, tag string) *answer { return e.admin(t, "PUT", "/clients/shop", body, "If-Match", tag) }
	changed := strings.Replace(read.body, `"Shop"`, `"Shop 2"`, 1)
	if a := put(changed, read.header.Get("Etag")).wants(t, 200, ""); a.member(t, "client_name") != "Shop 2" || a.header.Get("Etag") != `"4"` {
		t.Errorf("%s with ETag %s", a.body, a.header.Get("Etag"))
	}
	t.Run("row 373: the version in it is the one that is changed", func(t *testing.T) {
		put(changed, `"4"`).wants(t, 409, "conflict")
		put(changed, `"3"`).wants(t, 412, "precondition_failed")
		put(strings.Replace(changed, `"version":3`, `"version":0`, 1), `"4"`).wants(t, 409, "conflict")
		put(strings.Replace(changed, `"version":3`, `"version":"4"`, 1), `"4"`).wants(t, 400, "invalid_request")
	})
	t.Run("row 369: the times in it change nothing", func(t *testing.T) {
		a := put(`{"created_at":"1999-01-01T00:00:00Z","updated_at":"soon","usable_from":null,"version":4}`, `"4"`).wants(t, 200, "")
		if a.member(t, "created_at") != read.member(t, "created_at") || strings.Contains(a.body, "1999") {
			t.Errorf("%s", a.body)
		}
	})
	for _, member := range []string{`"client_secret":"chosen"`, `"secret_hash":"eA=="`, `"is_admin":true`} {
		t.Run("row 369: "+member, func(t *testing.T) { put(`{`+member+`}`, `"5"`).wants(t, 400, "invalid_request") })
	}
}

func TestAdmin_UnknownMembersAreRefused(t *testing.T) {
	e := newEdge(t)
	for _, body := range []string{
		`{"client_id":"x","grant_types":[],"secret_hash":"eA=="}`, `{"client_id":"x","grant_types":[],"created_at":"2020-01-01T00:00:00Z"}`,
		`{"client_id":"x","grant_types":[],"version":9}`, `{"client_id":"x","grant_types":[],"updated_at":null}`, `{"client_id":"x","grant_types":[],"usable_from":null}`, `{"client_id":"x","grant_types":[],"client_secret":"chosen"}`, `{"client_id":"x","client_id":"y","grant_types":[]}`,
		`{"Client_ID":"x","grant_types":[]}`, `[]`, `null x`, `{"client_id":1}`, `{"client_id":"x","grant_types":"client_credentials"}`, `{"client_id":"a b","grant_types":[]}`,
	} {
		t.Run("row 369, 49: "+body, func(t *testing.T) {
			e.admin(t, "POST", "/clients", body).wants(t, 400, "invalid_request")
		})
	}
	for _, body := range []string{`{"username":"x","password":"long enough pw","sub":"usr_1"}`, `{"username":"x","password":"long enough pw","password_hash":"y"}`,
		`{"username":"x","password":"long enough pw","is_admin":true}`, `{"username":"x","password":"long enough pw","disabled":false}`} {
		t.Run("row 369: "+body, func(t *testing.T) {
			e.admin(t, "POST", "/users", body).wants(t, 400, "invalid_request")
		})
	}
}

func TestAdmin_IDsAreOnlyNames(t *testing.T) {
	e := newEdge(t)
	for _, id := range []string{"..%2fkeys", "*", "%2A", "[a-z]", "{x}", ":", "%5Ba-z%5D", strings.Repeat("a", 10<<10), "%0d%0a", "demo%2Dweb%20", "%ff", "demo-web;x", "DEMO-WEB"} {
		t.Run("row 371, 384: "+id[:min(len(id), 12)], func(t *testing.T) {
			e.admin(t, "GET", "/clients/"+id, "").wants(t, 404, "not_found")
			e.admin(t, "DELETE", "/clients/"+id, "").wants(t, 404, "not_found")
		})
	}
	e.admin(t, "GET", "/clients/demo%2Dweb", "").wants(t, 200, "") // decoded once
	t.Run("row 384: NUL", func(t *testing.T) {
		e.admin(t, "GET", "/clients/demo-web%00", "").wants(t, 400, "invalid_request")
	})
}

func TestAdmin_ListingsComeInPieces(t *testing.T) {
	e := newEdge(t)
	for i := range 5 {
		e.admin(t, "POST", "/clients", fmt.Sprintf(`{"client_id":"list-%d","grant_types":["client_credentials"]}`, i)).wants(t, 201, "")
	}
	type piece struct {
		Items []struct {
			ID string `json:"client_id"`
		}
		Next string
	}
	read := func(query string) (p piece) {
		if err := json.Unmarshal([]byte(e.admin(t, "GET", "/clients"+query, "").wants(t, 200, "").body), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	var ids []string
	cursors := []string{""}
	for p := read("?limit=2"); ; p = read("?limit=2&cursor=" + p.Next) {
		for _, item := range p.Items {
			ids = append(ids, item.ID)
		}
		if p.Next == "" {
			break
		}
		cursors = append(cursors, p.Next)
	}
	if len(ids) != 9 || len(cursors) < 4 {
		t.Fatalf("%d pieces with %v", len(cursors), ids)
	}
	good := cursors[1]
	for _, cursor := range []string{"x", good + "A", good[:len(good)-2], "A" + good[1:], strings.ToUpper(good), strings.Repeat("A", 43), "%00", "demo-web"} {
		t.Run("row 372: cursor "+cursor[:min(8, len(cursor))], func(t *testing.T) {
			e.admin(t, "GET", "/clients?cursor="+cursor, "").wants(t, 400, "invalid_request")
		})
	}
	t.Run("row 372: cursor of another listing", func(t *testing.T) {
		e.admin(t, "GET", "/users?cursor="+good, "").wants(t, 400, "invalid_request")
	})
	for _, query := range []string{"?limit=0", "?limit=1001", "?limit=-1", "?limit=x", "?foo=1", "?limit=1&limit=2"} {
		e.admin(t, "GET", "/clients"+query, "").wants(t, 400, "invalid_request")
	}
}

func TestAdmin_UsersLiveAndDie(t *testing.T) {
	e := newEdge(t)
	created := e.admin(t, "POST", "/users", `{"username":"bob","password":"correct horse battery","email":"bob@example.com"}`).wants(t, 201, "")
	if strings.Contains(created.body, "password") || !strings.HasPrefix(created.member(t, "sub"), "usr_") {
		t.Errorf("%s", created.body)
	}
	e.admin(t, "POST", "/users", `{"username":"bob","password":"correct horse battery"}`).wants(t, 409, "conflict")
	e.admin(t, "GET", "/users/bob", "").wants(t, 200, "")
	for path, want := range map[string]string{"/users/bob/disable": "true", "/users/bob/enable": "false"} {
		if a := e.admin(t, "POST", path, "").wants(t, 200, ""); strings.Contains(a.body, `"disabled":true`) != (want == "true") {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	e.admin(t, "POST", "/users/bob/password", `{"password":"another long password"}`).wants(t, 200, "")
	e.admin(t, "POST", "/users/nobody/password", `{"password":"another long password"}`).wants(t, 404, "not_found")
	if a := e.admin(t, "GET", "/users", "").wants(t, 200, ""); !strings.Contains(a.body, `"username":"bob"`) || strings.Contains(a.body, `hash":`) { // an id may spell the word
		t.Errorf("%s", a.body)
	}
	e.admin(t, "DELETE", "/users/bob", "").wants(t, 204, "")
	e.admin(t, "GET", "/users/bob", "").wants(t, 404, "not_found")
}

// What is issued within half a minute of an ending has ended as well: whoever enables somebody then is told.
func TestAdmin_EnablingTellsFromWhen(t *testing.T) {
	e := newEdge(t)
	e.admin(t, "POST", "/users", `{"username":"bob","password":"correct horse battery"}`).wants(t, 201, "")
	const shop = `{"client_id":"shop","grant_types":["client_credentials"],"disabled":%t}`
	e.admin(t, "POST", "/clients", fmt.Sprintf(shop, false)).wants(t, 201, "")
	tells := func(a *answer, want bool) {
		t.Helper()
		var shown struct {
			UsableFrom *time.Time `json:"usable_from"`
		}
		if err := json.Unmarshal([]byte(a.body), &shown); err != nil || (shown.UsableFrom != nil) != want {
			t.Fatalf("%s: %v", a.body, err)
		}
		if want && (time.Until(*shown.UsableFrom) <= 0 || time.Until(*shown.UsableFrom) > 33*time.Second) {
			t.Errorf("usable_from is %s", shown.UsableFrom)
		}
	}
	tells(e.admin(t, "GET", "/users/bob", "").wants(t, 200, ""), false)
	tells(e.admin(t, "POST", "/users/bob/password", `{"password":"another long password"}`).wants(t, 200, ""), false)
	tells(e.admin(t, "POST", "/users/bob/disable", "").wants(t, 200, ""), false)
	tells(e.admin(t, "POST", "/users/bob/enable", "").wants(t, 200, ""), true)
	tells(e.admin(t, "GET", "/users/bob", "").wants(t, 200, ""), true)

	tells(e.admin(t, "PUT", "/clients/shop", fmt.Sprintf(shop, true), "If-Match", `"1"`).wants(t, 200, ""), false)
	tells(e.admin(t, "PUT", "/clients/shop", fmt.Sprintf(shop, false), "If-Match", `"2"`).wants(t, 200, ""), true)
	tells(e.admin(t, "GET", "/clients/shop", "").wants(t, 200, ""), true)
	e.admin(t, "DELETE", "/clients/shop", "").wants(t, 204, "")
	tells(e.admin(t, "POST", "/clients", fmt.Sprintf(shop, false)).wants(t, 201, ""), true)
}

func TestAdmin_GrantsAndTokensCanBeEnded(t *testing.T) {
	e := newEdge(t)
	tokens := e.userTokens(t, "openid offline_access")
	access, refresh := tokens.member(t, "access_token"), tokens.member(t, "refresh_token")
	list := e.admin(t, "GET", "/grants?username=alice", "").wants(t, 200, "")
	var grants struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(list.body), &grants); err != nil || len(grants.Items) != 1 {
		t.Fatalf("%s: %v", list.body, err)
	}
	for _, tok := range []string{access, refresh} {
		if a := e.admin(t, "POST", "/tokens/inspect", `{"token":"`+tok+`"}`).wants(t, 200, ""); !strings.Contains(a.body, `"active":true`) {
			t.Errorf("%s", a.body)
		}
	}
	e.admin(t, "GET", "/grants", "").wants(t, 400, "invalid_request")
	e.admin(t, "DELETE", "/grants/"+grants.Items[0].ID, "").wants(t, 204, "")
	e.validate(t, "", access).wants(t, 401, "")
	if a := e.admin(t, "POST", "/tokens/inspect", `{"token":"`+access+`"}`).wants(t, 200, ""); !strings.Contains(a.body, `"active":false,"problem":"`) {
		t.Errorf("%s", a.body)
	}
	service := e.serviceToken(t)
	e.admin(t, "POST", "/tokens/revoke", `{"token":"`+service+`"}`).wants(t, 204, "")
	e.validate(t, "", service).wants(t, 401, "")
	e.admin(t, "POST", "/tokens/inspect", `{"token":""}`).wants(t, 400, "invalid_request")

	again := e.userTokens(t, "openid").member(t, "access_token")
	e.admin(t, "POST", "/grants/revoke", `{"username":"`+flows.DemoUser+`"}`).wants(t, 204, "")
	e.validate(t, "", again).wants(t, 401, "")
	e.admin(t, "POST", "/grants/revoke", `{}`).wants(t, 400, "invalid_request")
}

// 401 would be about the token that opens the API.
func TestAdmin_WhatIsNoTokenIsWrongInTheBody(t *testing.T) {
	e := newEdge(t)
	user := e.userTokens(t, "openid")
	for name, tok := range map[string]string{"junk": "junk", "a JWT of nobody": "eyJhbGciOiJub25lIn0.e30.", "an ID token": user.member(t, "id_token")} {
		t.Run(name, func(t *testing.T) {
			a := e.admin(t, "POST", "/tokens/revoke", `{"token":"`+tok+`"}`).wants(t, 400, "invalid_request")
			if got := a.member(t, "error_description"); got != "this is no access or refresh token of this issuer, or it has expired: nothing was ended" {
				t.Errorf("said %q", got)
			}
			if a := e.admin(t, "POST", "/tokens/inspect", `{"token":"`+tok+`"}`).wants(t, 200, ""); !strings.Contains(a.body, `"active":false`) {
				t.Errorf("%s", a.body)
			}
		})
	}
}

func TestAdmin_KeysRotateAndEnd(t *testing.T) {
	e := newEdge(t)
	kids := func(state string) (out []string) {
		var list struct {
			Items []struct{ KID, Alg, State string }
		}
		if err := json.Unmarshal([]byte(e.admin(t, "GET", "/keys", "").wants(t, 200, "").body), &list); err != nil {
			t.Fatal(err)
		}
		for _, k := range list.Items {
			if k.Alg == "EdDSA" && k.State == state {
				out = append(out, k.KID)
			}
		}
		return out
	}
	old := e.serviceToken(t)
	first := kids("active")[0]
	t.Run("row 374: an active key cannot be removed", func(t *testing.T) {
		e.admin(t, "DELETE", "/keys/"+first, "").wants(t, 409, "conflict")
	})
	e.admin(t, "POST", "/keys/rotate", `{"alg":"EdDSA","at_once":true}`).wants(t, 204, "")
	if second := kids("active")[0]; second == first || len(kids("retired")) != 1 {
		t.Errorf("active %s, retired %v", second, kids("retired"))
	}
	e.validate(t, "", old).wants(t, 200, "")
	fresh := e.serviceToken(t)
	e.admin(t, "POST", "/keys/"+first+"/revoke", "").wants(t, 204, "")
	t.Run("row 314: a revoked key's tokens are refused", func(t *testing.T) {
		e.validate(t, "", old).wants(t, 401, "")
		e.validate(t, "", fresh).wants(t, 200, "")
	})
	e.admin(t, "POST", "/keys/unknown/revoke", "").wants(t, 404, "not_found")
	e.admin(t, "POST", "/keys/rotate", `{"alg":"HS256"}`).wants(t, 400, "invalid_request")
	e.admin(t, "POST", "/keys/rotate", `{"now":true}`).wants(t, 400, "invalid_request")
}

func TestAdmin_AnswersAreKeptByNobodyAndReadByNoOrigin(t *testing.T) {
	e := newEdge(t, func(c *Config) { c.AllowedOrigins = []string{"https://app.example"} })
	a := e.admin(t, "GET", "/clients", "", "Origin", "https://app.example").wants(t, http.StatusOK, "")
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("row 57: headers %v", a.header)
	}
}
