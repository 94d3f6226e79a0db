package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"

	json "github.com/goccy/go-json/v2"

	"tollgate/flows/oauth"
)

const (
	defaultPage = 100
	maxPage     = 1000
	cursorMAC   = 16 // bytes
)

// page is what a listing was asked for.
type page struct {
	cursor string
	limit  int
	query  *form
}

// listing reads limit and cursor and refuses parameters that the listing does not have.
func (r *request) listing(filters ...string) (page, error) {
	f, err := r.queryForm()
	if err != nil {
		return page{}, err
	}
	known := slices.Concat(filters, []string{"limit", "cursor"})
	for _, p := range f.params {
		if !slices.Contains(known, p.name) {
			return page{}, unknownName("parameter", p.name, known)
		}
	}
	pg := page{limit: defaultPage, query: f}
	if text := f.get("limit"); text != "" {
		if pg.limit, err = strconv.Atoi(text); err != nil || pg.limit < 1 || pg.limit > maxPage {
			return page{}, oauth.InvalidRequest("limit must be 1 to 1000")
		}
	}
	pg.cursor, err = r.s.openCursor(r.route.name, f.get("cursor"))
	return pg, err
}

// sendPage answers {"items":[…],"next":"…"}; next is missing on the last page.
func sendPage[T any](r *request, items []T, next string) error {
	return r.sendValue(200, struct {
		Items []T    `json:"items"`
		Next  string `json:"next,omitempty"`
	}{array(items), r.s.sealCursor(r.route.name, next)})
}

// sendValue answers with v as JSON.
func (r *request) sendValue(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return oauth.Internal(err)
	}
	r.sendJSON(status, append(r.body(), body...))
	return nil
}

// newCursorKey derives the key of cursors: the same on every node that has the same admin token.
func newCursorKey(adminToken string) []byte {
	mac := hmac.New(sha256.New, []byte(adminToken))
	mac.Write([]byte("tollgate admin cursor"))
	return mac.Sum(nil)
}

// sealCursor authenticates a store's cursor for one listing, so that nobody can point it elsewhere.
func (s *Server) sealCursor(listing, cursor string) string {
	if cursor == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(s.cursorMAC(listing, cursor), cursor...))
}

// openCursor returns the store's cursor behind a sealed one.
func (s *Server) openCursor(listing, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(raw) <= cursorMAC || !hmac.Equal(raw[:cursorMAC], s.cursorMAC(listing, string(raw[cursorMAC:]))) {
		return "", oauth.InvalidRequest("cursor is not one that this listing gave out")
	}
	return string(raw[cursorMAC:]), nil
}

func (s *Server) cursorMAC(listing, cursor string) []byte {
	mac := hmac.New(sha256.New, s.cursorKey)
	mac.Write([]byte(listing + "\x00" + cursor)) // listings are names of routes: no NUL
	return mac.Sum(nil)[:cursorMAC]
}
