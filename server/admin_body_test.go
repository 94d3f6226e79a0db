package server

import (
	"strings"
	"testing"
)

// Names are repeated where they look like ours, and nothing else of a request ever is.
func TestAdmin_SaysWhichNameIsWrong(t *testing.T) {
	e := newEdge(t)
	check := func(a *answer, want string) {
		t.Helper()
		if got := a.wants(t, 400, "invalid_request").member(t, "error_description"); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
	check(e.admin(t, "GET", "/grants?user=alice", ""), "there is no parameter user here, only username, client_id, limit and cursor")
	check(e.admin(t, "GET", "/clients?tgr_S3CRET=1", ""), "there is no parameter of this name here, only limit and cursor")
	const userMembers = "username, password, name, given_name, family_name, email and email_verified"
	for body, want := range map[string]string{
		`{"username":"x","is_admin":true}`:      "there is no member is_admin here, only " + userMembers,
		`{"tgr_S3CRET":"x"}`:                    "there is no member of this name here, only " + userMembers,
		`{"` + strings.Repeat("a", 33) + `":1}`: "there is no member of this name here, only " + userMembers,
		`{"username":["s3cret"]}`:               "username must be a string",
		`{"email_verified":"yes"}`:              "email_verified must be true or false",
		`["s3cret"]`:                            "the body must be an object of " + userMembers,
		" null\n":                               "the body must be an object of " + userMembers,
		`"s3cret"`:                              "the body must be an object of " + userMembers,
		`{"username":"x"`:                       "the body is not JSON, or a member is in it twice",
		`{"username":"x","username":"y"}`:       "the body is not JSON, or a member is in it twice",
	} {
		check(e.admin(t, "POST", "/users", body), want)
	}
	check(e.admin(t, "POST", "/clients", `{"grant_types":["a",1]}`), "grant_types must be an array of strings")
	check(e.admin(t, "POST", "/tokens/inspect", `{"Token":"s3cret"}`), "there is no member of this name here, only token")
}

func TestAdmin_ABodyIsAnObject(t *testing.T) {
	e := newEdge(t)
	for _, path := range []string{"/clients", "/users", "/keys/rotate", "/tokens/inspect", "/tokens/revoke"} {
		for _, body := range []string{"null", "[]", "0", `""`, "true"} {
			t.Run("row 49: "+body+" to "+path, func(t *testing.T) {
				e.admin(t, "POST", path, body).wants(t, 400, "invalid_request")
			})
		}
	}
	t.Run("row 49: null in place of a batch", func(t *testing.T) {
		e.do(t, call{path: "/introspect/batch", auth: gatewayBasic, json: "null"}).wants(t, 400, "invalid_request")
	})
}
