//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
)

// What a run ends with. Wrong comes before slow: how fast a wrong answer came is of no interest.
var (
	errWrong       = errors.New("WRONG")
	errSlow        = errors.New("SLOW, though every answer was right")
	errInterrupted = errors.New("interrupted")
)

// status is what the process ends with.
func status(err error) int {
	switch {
	case errors.Is(err, errSlow):
		return 3
	case errors.Is(err, errInterrupted):
		return 130 // 128 + SIGINT, as shells have it
	default:
		return 1
	}
}

// aboutAnswers are the metrics whose thresholds say that answers are right; those of all others say that
// they are fast, or that k6 could send what it should.
var aboutAnswers = []string{"checks", "http_req_failed"}

const thresholdsCrossed = 99 // k6's status for it; any other is no verdict

// judge finds what did not hold. An interrupted test has not come to its end, so that nothing is held
// against it but a check that failed.
func (t *test) judge(ended, unread error, lastWords string) {
	if unread == nil {
		t.wrong = t.summary.Root.failures()
	}
	if t.interrupted {
		return
	}
	var exit *exec.ExitError
	switch {
	case ended != nil && !(errors.As(ended, &exit) && exit.ExitCode() == thresholdsCrossed):
		t.wrong = append(t.wrong, fmt.Sprintf("k6 broke off (%s): %s", ended, lastWords))
	case unread != nil:
		t.wrong = append(t.wrong, "what k6 measured cannot be read: "+unread.Error())
	case t.traffic.count() == 0:
		t.wrong = append(t.wrong, "nothing was sent")
	}
	if unread != nil {
		return
	}
	if requests := t.summary.Metrics["http_req_failed"].Values["passes"]; requests > 0 {
		t.wrong = append(t.wrong, fmt.Sprintf("%.0f requests without an answer or with a status that none expected", requests))
	}
	for _, h := range t.summary.thresholds() {
		switch {
		case h.holds:
		case !h.aboutAnswers:
			t.slow = append(t.slow, fmt.Sprintf("%s is %.4g, not %s", h.metric, h.measured, h.threshold))
		case len(t.wrong) == 0:
			t.wrong = append(t.wrong, fmt.Sprintf("%s is %.4g, not %s", h.metric, h.measured, h.threshold))
		}
	}
}

// verdict is one word about the test.
func (t *test) verdict() string {
	switch {
	case len(t.wrong) > 0:
		return "WRONG"
	case t.interrupted:
		return "interrupted"
	case len(t.slow) > 0:
		return "SLOW"
	default:
		return "passed"
	}
}

// line is the verdict and its reasons.
func (t *test) line() string {
	reasons := slices.Concat(t.wrong, t.slow)
	if len(t.wrong) == 0 && len(t.slow) > 0 && t.usage.others > 0.1 {
		reasons = append(reasons, fmt.Sprintf("other programs had %.0f %% of this machine", 100*t.usage.others))
	}
	if len(reasons) > 0 {
		return t.verdict() + ": " + strings.Join(reasons, "; ")
	}
	return fmt.Sprintf("%s  %d requests, p99 %s ms", t.verdict(), t.traffic.count(), figure(t.traffic.percentile(99)))
}

// conclude says how the run ends: wrong, slow and interrupted each name their tests, and the first of them
// is the outcome.
func conclude(tests []*test) error {
	of := map[string][]string{}
	for _, t := range tests {
		of[t.verdict()] = append(of[t.verdict()], t.name)
	}
	slow := ""
	if len(of["SLOW"]) > 0 {
		slow = "; slow: " + strings.Join(of["SLOW"], ", ")
	}
	switch {
	case len(of["WRONG"]) > 0:
		return fmt.Errorf("%w: %s%s", errWrong, strings.Join(of["WRONG"], ", "), slow)
	case len(of["interrupted"]) > 0:
		return fmt.Errorf("%w in %s%s", errInterrupted, strings.Join(of["interrupted"], ", "), slow)
	case slow != "":
		return fmt.Errorf("%w: %s", errSlow, strings.Join(of["SLOW"], ", "))
	}
	return nil
}

// held is a threshold and what came of it.
type held struct {
	metric, threshold   string
	holds, aboutAnswers bool
	measured            float64
}

func (s *summary) thresholds() []held {
	var all []held
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		metric := s.Metrics[name]
		of, _, _ := strings.Cut(name, "{")
		for _, threshold := range slices.Sorted(maps.Keys(metric.Thresholds)) {
			figure, _, _ := strings.Cut(strings.NewReplacer("<", " ", ">", " ", "=", " ").Replace(threshold), " ")
			all = append(all, held{name, threshold, metric.Thresholds[threshold].OK, slices.Contains(aboutAnswers, of), metric.Values[figure]})
		}
	}
	return all
}
