//go:build linux

package main

import (
	"fmt"
	"strings"
)

// bands are the rows that stand together in the chart, each band with a scale of its own.
var bands = []struct {
	title string
	rows  []string
}{
	{"Checking a token", []string{bareGet, validateHit, validateRedis, nginxEmpty, haproxyVerify, validateNew}},
	{"Introspection", []string{bareIntrospect, introspectHit, oidcIntrospect, fositeInspect}},
	{"A token as RS256 JWT", []string{bareRSA, tokenRSA, rsaSign, oidcJWT, fositeJWT}},
	{"A token, EdDSA or opaque", []string{bareEdDSA, tokenEdDSA, edSign, oidcOpaque, fositeOpaque}},
	{"Rotating a refresh token", []string{bareRefresh, refreshRedis, rawRotate}},
}

const (
	chartWidth = 900
	barLeft    = 400
	barWidth   = 400
	lineHeight = 22
)

// chart draws throughput as bars, in SVG.
func (c *comparison) chart() string {
	var b strings.Builder
	y := 10
	for _, band := range bands {
		rows := c.find(band.rows)
		if len(rows) == 0 {
			continue
		}
		y += lineHeight
		fmt.Fprintf(&b, "<text x=\"10\" y=\"%d\" class=\"title\">%s</text>\n", y, band.title)
		most := 0.0
		for _, r := range rows {
			most = max(most, r.median().PerSecond)
		}
		for _, r := range rows {
			y += lineHeight
			drawBar(&b, y, r.name, r.median().PerSecond, most)
		}
		y += lineHeight / 2
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">
<style>text { font: 13px sans-serif; fill: #222 } .title { font-weight: bold } .ours { fill: #2563eb } .theirs { fill: #a8b3c4 } .end { text-anchor: end }</style>
<rect width="100%%" height="100%%" fill="#fff"/>
%s<text x="10" y="%d">per second on one core; higher is better</text>
</svg>
`, chartWidth, y+2*lineHeight, b.String(), y+lineHeight)
}

func drawBar(b *strings.Builder, y int, name string, value, most float64) {
	class := "theirs"
	if strings.HasPrefix(name, "Tollgate") {
		class = "ours"
	}
	width := max(value/most*barWidth, 1)
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" class=\"end\">%s</text>", barLeft-10, y, name)
	fmt.Fprintf(b, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"15\" class=\"%s\"/>", barLeft, y-12, width, class)
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\">%.0f</text>\n", barLeft+width+6, y, value)
}

// find returns the rows of these names that were measured.
func (c *comparison) find(names []string) []*row {
	var rows []*row
	for _, name := range names {
		for _, r := range c.rows {
			if r.name == name {
				rows = append(rows, r)
			}
		}
	}
	return rows
}
