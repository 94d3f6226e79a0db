package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tollgate/cache"
)

// A setter is a value that reads its own spelling. The error says what would be right, never
// what was found: that is for the caller, who knows whether it may be shown.
type setter interface{ set(text string) error }

// File is the name of a file; "" for none. A relative name in the configuration file starts at
// that file's folder.
type File string

// SecretFile is a File whose content is a secret.
type SecretFile string

// Secret is a secret's content. It prints as <secret> wherever it ends up.
type Secret string

const hidden = "<secret>"

// String hides the secret from %s, %v and every logger.
func (s Secret) String() string { return s.shown() }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.shown() }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) shown() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Size is a number of bytes, written as 65536, 64KiB or 1MiB.
type Size int

var sizeUnits = []struct {
	suffix string
	bytes  int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {"", 1}}

func (s *Size) set(text string) error {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 63)
		if err != nil || n > math.MaxInt/uint64(u.bytes) {
			break
		}
		*s = Size(int(n) * u.bytes)
		return nil
	}
	return errors.New("wants a size such as 64KiB or 1MiB")
}

// String writes the size with the largest unit that leaves a whole number.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if n := int(s); n >= u.bytes && n%u.bytes == 0 {
			return strconv.Itoa(n/u.bytes) + u.suffix
		}
	}
	return strconv.Itoa(int(s))
}

// Rate is a limit such as "200/s burst 400", or "off".
type Rate struct {
	cache.Rate
	text string
}

func (r *Rate) set(text string) error {
	rate, err := cache.ParseRate(text)
	if err != nil {
		return errors.New(`wants a rate such as "200/s burst 400" or "5/m burst 10" that fills up again within a week, or "off"`)
	}
	*r = Rate{rate, text}
	return nil
}

// String returns the rate as it was written.
func (r Rate) String() string { return r.text }

func mustRate(text string) Rate {
	var r Rate
	if err := r.set(text); err != nil {
		panic(fmt.Sprintf("config: default rate %q: %v", text, err))
	}
	return r
}

// OnStoreLoss is what /validate does once revocation cannot be known: deny, or allow for a while
// longer.
type OnStoreLoss struct {
	AllowFor time.Duration // zero denies
}

const lossSpelling = `wants deny, or "allow_for: 30s" in quotes`

func (o *OnStoreLoss) set(text string) error {
	if text == "deny" {
		*o = OnStoreLoss{}
		return nil
	}
	value, ok := strings.CutPrefix(text, "allow_for:")
	if !ok {
		return errors.New(lossSpelling)
	}
	d, err := time.ParseDuration(strings.TrimSpace(value))
	if err != nil || d <= 0 {
		return errors.New(lossSpelling)
	}
	*o = OnStoreLoss{AllowFor: d}
	return nil
}

// String returns the spelling that set reads.
func (o OnStoreLoss) String() string {
	if o.AllowFor == 0 {
		return "deny"
	}
	return "allow_for: " + shortDuration(o.AllowFor)
}

// shortDuration writes 720h for 720h0m0s, as people do.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
