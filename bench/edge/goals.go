//go:build linux

package main

import (
	"fmt"
	"io"
	"slices"
)

// goal is a ratio that must hold, taken within each round.
type goal struct {
	text  string
	rows  []string // that it needs
	ratio func(s []sample) float64
	least float64 // 0: none
	most  float64 // 0: none
}

func throughput(s []sample) float64 { return s[0].PerSecond / s[1].PerSecond }

// overCosts is the first row's CPU time beside the sum of the others'.
func overCosts(s []sample) float64 {
	sum := 0.0
	for _, part := range s[1:] {
		sum += part.CPU
	}
	return s[0].CPU / sum
}

var goals = []goal{
	{"`/validate` hit: throughput / bare fasthttp", []string{validateHit, bareGet}, throughput, 0.92, 0},
	{"`/validate` hit: CPU / bare fasthttp", []string{validateHit, bareGet}, overCosts, 0, 1.10},
	{"`/validate` hit: throughput / HAProxy `jwt_verify`", []string{validateHit, haproxyVerify}, throughput, 3.2, 0},
	{"bare fasthttp: throughput / HAProxy `jwt_verify`, the most that the row above can be", []string{bareGet, haproxyVerify}, throughput, 0, 0},
	{"`/validate` hit: throughput / nginx `return 204`", []string{validateHit, nginxEmpty}, throughput, 0, 0},
	{"`/validate` hit on Redis: CPU / bare fasthttp", []string{validateRedis, bareGet}, overCosts, 0, 0},
	{"`/validate`, every token new: CPU / (bare fasthttp + RSA verify)", []string{validateNew, bareGet, rsaVerify}, overCosts, 0, 1.15},
	{"`/introspect` hit: throughput / bare fasthttp POST", []string{introspectHit, bareIntrospect}, throughput, 0.80, 0},
	{"`/introspect` hit: throughput / oidc-provider", []string{introspectHit, oidcIntrospect}, throughput, 8, 0},
	{"`/introspect` hit: throughput / fosite", []string{introspectHit, fositeInspect}, throughput, 0, 0},
	{"`/introspect/batch` of 100: tokens per second / single calls", []string{introspectMany, introspectHit}, throughput, 5, 0},
	{"client credentials, EdDSA: CPU / (bare POST + Ed25519 sign)", []string{tokenEdDSA, bareEdDSA, edSign}, overCosts, 0, 1.20},
	{"client credentials, RS256: CPU / (bare POST + RSA sign)", []string{tokenRSA, bareRSA, rsaSign}, overCosts, 0, 1.03},
	{"client credentials, RS256: throughput / oidc-provider, JWT", []string{tokenRSA, oidcJWT}, throughput, 1.2, 0},
	{"client credentials, EdDSA: throughput / oidc-provider, JWT", []string{tokenEdDSA, oidcJWT}, throughput, 15, 0},
	{"client credentials, EdDSA: throughput / oidc-provider, opaque", []string{tokenEdDSA, oidcOpaque}, throughput, 0, 0},
	{"client credentials, RS256: throughput / fosite, JWT", []string{tokenRSA, fositeJWT}, throughput, 0, 0},
	{"client credentials, EdDSA: throughput / fosite, opaque", []string{tokenEdDSA, fositeOpaque}, throughput, 0, 0},
	{"refresh on Redis: CPU / (bare POST + Ed25519 sign + raw EVALSHA)", []string{refreshRedis, bareRefresh, edSign, rawRotate}, overCosts, 0, 1.25},
	{"`/validate` beside as many connections of junk: good answers / their fair share", []string{besideJunk}, fairShare, 0.80, 0},
	{"`/validate` beside junk: hit ratio of good tokens / alone", []string{besideJunk, validateMany}, hitRatio, 0.999, 0},
	{"`/validate`, junk alone: Redis commands for 1,000 tokens", []string{junkAlone}, askedForJunk, 0, 0.1},
	{"a storm of signatures: asked for / what both cores could sign", []string{besideStorm, rsaSign}, offered, 2, 0},
	{"a storm of signatures: asked for / what both cores could issue, with Tollgate's own signatures", []string{besideStorm, tokenRSA}, offered, 0, 0},
	{"`/validate` beside the storm: p99 / alone", []string{besideStorm, validatePaced}, slowestOf, 0, 2},
}

// limit is a goal for one figure that is measured once.
type limit struct {
	text     string
	measured float64
	unit     string
	most     float64
	digits   int // behind the point
}

func (l limit) holds() string {
	if l.measured > l.most {
		return "**no**"
	}
	return "yes"
}

// writeLimits lists figures with their goals.
func writeLimits(w io.Writer, all []limit) {
	fmt.Fprintf(w, "| figure | measured | goal | holds |\n|---|---|---|---|\n")
	for _, l := range all {
		fmt.Fprintf(w, "| %s | %.*f %s | ≤ %.*f %s | %s |\n", l.text, l.digits, l.measured, l.unit, l.digits, l.most, l.unit, l.holds())
	}
	fmt.Fprintln(w)
}

// verdict is a goal with what was measured.
type verdict struct {
	goal
	low, median, high float64 // over the rounds
}

// verdicts judges the goals whose rows were all measured.
func (c *comparison) verdicts() []verdict {
	byName := map[string]*row{}
	for _, r := range c.rows {
		byName[r.name] = r
	}
	var all []verdict
	for _, g := range goals {
		if slices.ContainsFunc(g.rows, func(name string) bool { return byName[name] == nil }) {
			continue
		}
		var ratios []float64
		for round := range c.rounds {
			var s []sample
			for _, name := range g.rows {
				s = append(s, byName[name].samples[round])
			}
			ratios = append(ratios, g.ratio(s))
		}
		slices.Sort(ratios)
		all = append(all, verdict{g, ratios[0], median(ratios), ratios[len(ratios)-1]})
	}
	return all
}

// median of sorted figures.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func (v *verdict) wanted() string {
	switch {
	case v.least > 0:
		return fmt.Sprintf("≥ %.2f", v.least)
	case v.most > 0:
		return fmt.Sprintf("≤ %.2f", v.most)
	}
	return ""
}

// holds says whether the median reaches the goal.
func (v *verdict) holds() string {
	switch {
	case v.least == 0 && v.most == 0:
		return ""
	case v.least > 0 && v.median < v.least, v.most > 0 && v.median > v.most:
		return "**no**"
	}
	return "yes"
}
