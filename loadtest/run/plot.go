//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	plotWidth, plotHeight = 840, 150
	plotLeft, plotTop     = 60, 40
	plotGap               = 70
	mostPoints            = 240
)

// line is one figure over time.
type line struct {
	name, colour string
	values       []float64
}

// plot draws requests per second, and below it how long they took, over time.
func (t *traffic) plot() string {
	step := max(1, (len(t.seconds)+mostPoints-1)/mostPoints) // seconds in a point
	whole := len(t.seconds) / step
	if step == 1 && whole > 1 {
		whole-- // the last second is cut short
	}
	requests := line{name: "requests per second", colour: "#2563eb"}
	lines := []line{{name: "p99", colour: "#dc2626"}, {name: "p95", colour: "#d97706"}, {name: "median", colour: "#2563eb"}}
	for i := range whole {
		took := slices.Sorted(slices.Values(slices.Concat(t.seconds[i*step : (i+1)*step]...)))
		requests.values = append(requests.values, float64(len(took))/float64(step))
		for of, p := range []float64{99, 95, 50} {
			lines[of].values = append(lines[of].values, percentile(took, p))
		}
	}
	var b strings.Builder
	drawPanel(&b, plotTop, "Requests per second", step, requests)
	drawPanel(&b, plotTop+plotHeight+plotGap, "Milliseconds to the answer", step, lines...)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">
<style>text { font: 12px sans-serif; fill: #222 } .title { font-weight: bold } .end { text-anchor: end } .mid { text-anchor: middle } polyline { fill: none; stroke-width: 1.5 } .grid { stroke: #ddd }</style>
<rect width="100%%" height="100%%" fill="#fff"/>
%s</svg>
`, plotLeft+plotWidth+20, plotTop+2*plotHeight+plotGap+45, b.String())
}

// drawPanel draws lines over one scale from zero. Each value stands for step seconds.
func drawPanel(b *strings.Builder, top int, title string, step int, lines ...line) {
	most, points := 0.0, len(lines[0].values)
	for _, l := range lines {
		most = max(most, slices.Max(append([]float64{0}, l.values...)))
	}
	bottom, lasts := top+plotHeight, float64(max(points*step, 1))
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" class=\"title\">%s</text>\n", plotLeft, top-14, title)
	if len(lines) > 1 {
		for i, l := range lines {
			fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" style=\"fill: %s\">%s</text>\n", plotLeft+plotWidth-150+55*i, top-14, l.colour, l.name)
		}
	}
	tick := roundStep(most / 4)
	ceiling := max(math.Ceil(most/tick), 1) * tick
	for i := 0; float64(i)*tick <= ceiling*1.001; i++ {
		value := float64(i) * tick
		y := float64(bottom) - plotHeight*value/ceiling
		fmt.Fprintf(b, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1[3]f\"/>", plotLeft, plotLeft+plotWidth, y)
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%.1f\" class=\"end\">%s</text>\n", plotLeft-8, y+4, figure(value))
	}
	for at, every := 0.0, max(roundStep(lasts/8), 1); at <= lasts; at += every {
		fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\" class=\"mid\">%.0f s</text>\n", plotLeft+plotWidth*at/lasts, bottom+18, at)
	}
	for _, l := range lines {
		fmt.Fprintf(b, "<polyline stroke=\"%s\" points=\"", l.colour)
		for i, v := range l.values {
			fmt.Fprintf(b, "%.1f,%.1f ", plotLeft+plotWidth*(float64(i)+0.5)/float64(points), float64(bottom)-plotHeight*v/ceiling)
		}
		b.WriteString("\"/>\n")
	}
}

// roundStep is the next of 1, 2, 5, 10 and so on, and of their tenths.
func roundStep(atLeast float64) float64 {
	if atLeast <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(atLeast)))
	for _, digit := range []float64{1, 2, 5} {
		if digit*power >= atLeast {
			return digit * power
		}
	}
	return 10 * power
}

// figure is a number with as many decimals as a reader wants.
func figure(v float64) string {
	switch {
	case v == math.Trunc(v) || v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
