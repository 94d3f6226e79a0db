package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"strconv"

	"tollgate/flows"
	"tollgate/flows/oauth"
)

const adminPrefix = "/admin/v1"

// adminRoutes is the admin API: JSON on the ops listener, behind the admin token. Every row goes
// through administrator; there is no other way in.
func adminRoutes() []route {
	rows := []route{
		{methods: "GET", path: "/clients", name: "admin_clients", handle: adminListClients},
		{methods: "POST", path: "/clients", name: "admin_clients", handle: adminCreateClient},
		{methods: "GET", path: "/clients/{id}", name: "admin_clients", handle: adminGetClient},
		{methods: "PUT", path: "/clients/{id}", name: "admin_clients", handle: adminUpdateClient},
		{methods: "DELETE", path: "/clients/{id}", name: "admin_clients", handle: adminDeleteClient},
		{methods: "POST", path: "/clients/{id}/secret", name: "admin_clients", handle: adminRotateSecret},

		{methods: "GET", path: "/users", name: "admin_users", handle: adminListUsers},
		{methods: "POST", path: "/users", name: "admin_users", handle: adminCreateUser},
		{methods: "GET", path: "/users/{id}", name: "admin_users", handle: adminGetUser},
		{methods: "DELETE", path: "/users/{id}", name: "admin_users", handle: adminDeleteUser},
		{methods: "POST", path: "/users/{id}/password", name: "admin_users", handle: adminSetPassword},
		{methods: "POST", path: "/users/{id}/disable", name: "admin_users", handle: adminDisableUser},
		{methods: "POST", path: "/users/{id}/enable", name: "admin_users", handle: adminEnableUser},

		{methods: "GET", path: "/keys", name: "admin_keys", handle: adminListKeys},
		{methods: "POST", path: "/keys/rotate", name: "admin_keys", handle: adminRotateKeys},
		{methods: "POST", path: "/keys/{id}/revoke", name: "admin_keys", handle: adminRevokeKey},
		{methods: "DELETE", path: "/keys/{id}", name: "admin_keys", handle: adminRemoveKey},

		{methods: "GET", path: "/grants", name: "admin_grants", handle: adminListGrants},
		{methods: "POST", path: "/grants/revoke", name: "admin_grants", handle: adminRevokeGrants},
		{methods: "DELETE", path: "/grants/{id}", name: "admin_grants", handle: adminRevokeGrant},

		{methods: "POST", path: "/tokens/inspect", name: "admin_tokens", handle: adminInspectToken},
		{methods: "POST", path: "/tokens/revoke", name: "admin_tokens", handle: adminRevokeToken},
	}
	for i := range rows {
		rows[i].path = adminPrefix + rows[i].path
		rows[i].handle = administrator(rows[i].handle)
		rows[i].noStore = true
		rows[i].events = true
		rows[i].fail = failBearer
	}
	return rows
}

// administrator lets only the admin token through, compared in constant time whatever its length.
func administrator(next handler) handler {
	return func(r *request) error {
		if r.s.cfg.AdminToken == "" {
			return errNotFound
		}
		tok, err := r.bearer()
		if err != nil {
			return err
		}
		got, want := sha256.Sum256(tok), sha256.Sum256([]byte(r.s.cfg.AdminToken))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			r.s.flows.AdminRefused(r.ctx)
			return oauth.InvalidToken()
		}
		r.ctx = flows.WithActor(r.ctx, flows.ByAdminToken)
		return next(r)
	}
}

// maxPathID is longer than any id of ours.
const maxPathID = 256

// pathID is the {id} of the path, decoded once. What cannot be an id names nothing.
func (r *request) pathID() (string, error) {
	raw, _ := r.http.UserValue("id").(string)
	id, ok := pathDecode(raw)
	if !ok || id == "" || len(id) > maxPathID {
		return "", errNotFound
	}
	return id, nil
}

// pathDecode undoes the escapes of one path segment (RFC 3986 2.1). The strict pass has seen that
// they are well formed.
func pathDecode(s string) (string, bool) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		out = append(out, c)
	}
	return string(out), isText(string(out))
}

// version reads If-Match, which every change of a record needs: without it the later of two
// admins would undo the earlier one's work unseen (RFC 9110 13.1.1).
func (r *request) version() (int64, error) {
	tag := string(r.header("If-Match"))
	text, err := strconv.Unquote(tag)
	if err != nil {
		return 0, oauth.NewError(oauth.CodePrecondition, "If-Match must hold the ETag that was read")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, oauth.NewError(oauth.CodePrecondition, "If-Match must hold the ETag that was read")
	}
	return n, nil
}

// setVersion sends a record's version as its ETag.
func (r *request) setVersion(version int64) {
	r.setHeader("ETag", strconv.Quote(strconv.FormatInt(version, 10)))
}

// noContent answers that it is done.
func (r *request) noContent() error {
	r.http.Response.SetStatusCode(204)
	return nil
}
