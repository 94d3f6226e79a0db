package store

import "encoding/base64"

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
