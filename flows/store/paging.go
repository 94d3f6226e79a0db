package store

import (
	"encoding/base64"
	"fmt"
	"strconv"
)

// Page asks for one piece of a listing. Cursor is "" for the first piece.
type Page struct {
	Cursor string
	Limit  int // 1 to 1000
}

// Size is the limit, brought into its range.
func (p Page) Size() int { return min(max(p.Limit, 1), 1000) }

// MakeCursor turns the place of a piece's last record into a cursor. It is base64url, because
// names may hold any byte and cursors travel in addresses and JSON.
func MakeCursor(place string) string { return base64.RawURLEncoding.EncodeToString([]byte(place)) }

// Place returns what MakeCursor was given, "" for the first piece, or ErrCursor.
func (p Page) Place() (string, error) {
	place, err := base64.RawURLEncoding.Strict().DecodeString(p.Cursor)
	if err != nil {
		return "", ErrCursor
	}
	return string(place), nil
}

// Place is where a family stands in a listing: when it expires, in Unix milliseconds as 16 hex
// digits, then its id. The newest, which lives longest, has the greatest place.
func (f *Family) Place() string {
	return fmt.Sprintf("%016x%s", f.ExpiresAt.UnixMilli(), f.Grant.ID)
}

// FamilyPlace is Place for a listing of families; expires is the moment in it, in Unix
// milliseconds.
func (p Page) FamilyPlace() (place string, expires int64, err error) {
	place, err = p.Place()
	if err != nil || place == "" {
		return "", 0, err
	}
	if len(place) < 16 {
		return "", 0, ErrCursor
	}
	expires, err = strconv.ParseInt(place[:16], 16, 64)
	if err != nil || fmt.Sprintf("%016x", expires) != place[:16] {
		return "", 0, ErrCursor
	}
	return place, expires, nil
}
