//go:build linux

package main

import (
	"fmt"
	"strings"
)

// fairShare is what good traffic has of what it would have if every connection were answered alike,
// where half of the connections send junk.
func fairShare(s []sample) float64 { return s[0].PerSecond / (s[0].PerSecond + s[0].Junk) / 0.5 }

func hitRatio(s []sample) float64 { return s[0].Recalled / s[1].Recalled }

func askedForJunk(s []sample) float64 { return s[0].Asked }

func slowestOf(s []sample) float64 { return s[0].P99 / s[1].P99 }

// offered is what is asked for, beside what two cores do of it that do nothing else.
func offered(s []sample) float64 { return s[0].Offered / (2 * s[1].PerSecond) }

// writePressure says what stood beside the validations.
func (c *comparison) writePressure(b *strings.Builder) {
	if rows := c.find([]string{validateMany, besideJunk}); len(rows) == 2 {
		alone, flooded := rows[0].median(), rows[1].median()
		fmt.Fprintf(b, "Junk: %.0f tokens a second that are all different, a third each of random text, JWTs by unknown keys, and a good token's claims under\n"+
			"another signature. Beside them %.0f good answers a second, alone %.0f; %.2f %% of the good ones from memory, alone %.2f %%.\n\n",
			flooded.Junk, flooded.PerSecond, alone.PerSecond, 100*flooded.Recalled, 100*alone.Recalled)
	}
	for _, r := range c.find([]string{besideStorm}) {
		s := r.median()
		fmt.Fprintf(b, "Storm: %.0f RS256 tokens a second asked for, %.0f issued, the others turned away with 503 and Retry-After. The server and both loads share\n"+
			"the two cores; the load that asks for tokens gives way to all others.\n\n", s.Offered, s.Signed)
	}
}
