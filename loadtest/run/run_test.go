//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const k6CSV = `metric_name,timestamp,metric_value,check,group,name,scenario
http_req_duration,9000,77,,::setup,/token,
http_reqs,10000,1,,,/validate,gateway
http_req_duration,10400,7.5,,,/validate,gateway
http_req_duration,11399,2.5,,,/validate,gateway
http_req_duration,12500,4,,,/token,gateway
`

func TestTraffic_IsBySecondAndKindWithoutSetup(t *testing.T) {
	got, err := readTraffic(strings.NewReader(k6CSV))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.seconds) != 3 || len(got.seconds[0]) != 2 || len(got.seconds[1]) != 0 || len(got.seconds[2]) != 1 {
		t.Errorf("read %v", got.seconds)
	}
	if validate := got.kinds[kind{"gateway", "/validate"}]; !slices.Equal(validate, []float64{2.5, 7.5}) {
		t.Errorf("/validate took %v", validate)
	}
	if got.count() != 3 || got.percentile(50) != 4 || got.percentile(99) != 7.5 || percentile(nil, 99) != 0 {
		t.Error("a percentile is wrong")
	}
	if plot := got.plot(); strings.Count(plot, "<polyline") != 4 || !strings.Contains(plot, "2 s</text>") {
		t.Errorf("plotted %s", plot)
	}
}

func TestTraffic_OfADifferentFormIsAnError(t *testing.T) {
	for _, text := range []string{"metric_name,timestamp\n", k6CSV + "passed\n", strings.Replace(k6CSV, "10400", "now", 1)} {
		if _, err := readTraffic(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// ended is what a process with this status ends with.
func ended(t *testing.T, status string) error {
	t.Helper()
	err := exec.Command("sh", "-c", "exit "+status).Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return err
}

const (
	rightAndFast = `{"root_group":{"checks":[{"name":"/token issues","passes":9,"fails":0}]},"metrics":{
		"http_req_duration{name:/token}":{"values":{"p(95)":20},"thresholds":{"p(95)<25":{"ok":true}}},
		"http_req_failed":{"values":{"rate":0,"passes":0},"thresholds":{"rate==0":{"ok":true}}},
		"checks":{"values":{"rate":1},"thresholds":{"rate==1":{"ok":true}}}}}`
	late = `{"root_group":{},"metrics":{
		"http_req_duration{name:/token}":{"values":{"p(95)":183},"thresholds":{"p(95)<25":{"ok":false}}},
		"dropped_iterations":{"values":{"count":40},"thresholds":{"count<=15":{"ok":false}}},
		"checks":{"values":{"rate":1},"thresholds":{"rate==1":{"ok":true}}}}}`
	wrongAndLate = `{"root_group":{"checks":[{"name":"/token issues","passes":8,"fails":1}],"groups":[{"checks":[{"name":"memory does not grow","passes":1,"fails":1}]}]},"metrics":{
		"http_req_duration{name:/token}":{"values":{"p(95)":183},"thresholds":{"p(95)<25":{"ok":false}}},
		"http_req_failed":{"values":{"rate":0.1,"passes":1},"thresholds":{"rate==0":{"ok":false}}},
		"checks":{"values":{"rate":0.8},"thresholds":{"rate==1":{"ok":false}}}}}`
	unexpected = `{"root_group":{},"metrics":{"http_req_failed":{"values":{"rate":0.1,"passes":3},"thresholds":{"rate==0":{"ok":false}}}}}`
	oddMetric  = `{"root_group":{},"metrics":{"checks{of:one}":{"values":{"rate":0.5},"thresholds":{"rate==1":{"ok":false}}}}}`
)

// judged is a test that ended like this.
func judged(t *testing.T, name, summary string, end error, interrupted bool) *test {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.json")
	if err := os.WriteFile(file, []byte(summary), 0o600); err != nil {
		t.Fatal(err)
	}
	traffic, err := readTraffic(strings.NewReader(k6CSV))
	if err != nil {
		t.Fatal(err)
	}
	got := &test{name: name, traffic: traffic, interrupted: interrupted}
	var unread error
	got.summary, unread = readSummary(file)
	got.judge(end, unread, "the last words")
	return got
}

func TestVerdict_TellsSlowFromWrong(t *testing.T) {
	crossed := ended(t, "99")
	for _, c := range []struct {
		name, summary string
		end           error
		interrupted   bool
		verdict, says string
	}{
		{"right and fast", rightAndFast, nil, false, "passed", "3 requests, p99 7.50 ms"},
		{"late", late, crossed, false, "SLOW", "http_req_duration{name:/token} is 183, not p(95)<25"},
		{"not all was sent", late, crossed, false, "SLOW", "dropped_iterations is 40, not count<=15"},
		{"wrong wins over late", wrongAndLate, crossed, false, "WRONG", "not so in 1 of 9: /token issues"},
		{"wrong at the end", wrongAndLate, crossed, false, "WRONG", "not so in 1 of 2: memory does not grow"},
		{"an unexpected status", unexpected, crossed, false, "WRONG", "3 requests without an answer"},
		{"some checks", oddMetric, crossed, false, "WRONG", "checks{of:one} is 0.5, not rate==1"},
		{"k6 breaks off", late, ended(t, "107"), false, "WRONG", "k6 broke off (exit status 107): the last words"},
		{"no summary", "", crossed, false, "WRONG", "cannot be read"},
		{"interrupted", late, ended(t, "105"), true, "interrupted", "interrupted"},
		{"interrupted, and wrong before", wrongAndLate, ended(t, "105"), true, "WRONG", "/token issues"},
	} {
		got := judged(t, "token", c.summary, c.end, c.interrupted)
		if got.verdict() != c.verdict || !strings.Contains(got.line(), c.says) {
			t.Errorf("%s: %s, want %s with %q", c.name, got.line(), c.verdict, c.says)
		}
	}
}

func TestVerdict_NamesOtherProgramsWhenSlow(t *testing.T) {
	got := judged(t, "token", late, ended(t, "99"), false)
	if strings.Contains(got.line(), "other programs") {
		t.Errorf("on an idle machine: %s", got.line())
	}
	got.usage.others = 0.45
	if !strings.Contains(got.line(), "other programs had 45 % of this machine") {
		t.Errorf("on a busy machine: %s", got.line())
	}
}

func TestConclusion_WrongComesFirst(t *testing.T) {
	good, slow := judged(t, "validate", rightAndFast, nil, false), judged(t, "token", late, ended(t, "99"), false)
	wrong, cut := judged(t, "mixed", wrongAndLate, ended(t, "99"), false), judged(t, "soak", late, ended(t, "105"), true)
	for _, c := range []struct {
		tests  []*test
		says   string
		status int
	}{
		{[]*test{good, slow}, "SLOW, though every answer was right: token", 3},
		{[]*test{slow, good, wrong}, "WRONG: mixed; slow: token", 1},
		{[]*test{good, wrong, cut}, "WRONG: mixed", 1},
		{[]*test{good, cut}, "interrupted in soak", 130},
	} {
		err := conclude(c.tests)
		if err == nil || err.Error() != c.says || status(err) != c.status {
			t.Errorf("%v with status %d, want %s with %d", err, status(err), c.says, c.status)
		}
	}
	if err := conclude([]*test{good}); err != nil {
		t.Errorf("%v after good tests", err)
	}
}

func TestSummary_SaysWhatHappenedAndWhere(t *testing.T) {
	dir := t.TempDir()
	tests := []*test{judged(t, "token", late, ended(t, "99"), false), judged(t, "mixed", "", ended(t, "107"), false)}
	s := settings{out: dir, profile: "long", scripts: []string{"token", "mixed"}, k6: "true", tollgate: "true"}
	if err := writeSummary(s, time.Now(), tests); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "summary.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Load test: WRONG: mixed; slow: token.", "`make load PROFILE=long ARGS='token mixed'`",
		"| [token](#token) | SLOW | 3 | 1 | 4 | 7.50 | 7.50 | 7.50 |", "![Requests per second and latency](token.svg)",
		"| gateway | /validate | 2 | 2.50 |", "| http_req_duration{name:/token}: p(95)<25 | slow | **no** | 183 |", "| checks: rate==1 | wrong | yes | 1 |",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%q is not in the summary:\n%s", want, got)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "token.svg")); err != nil {
		t.Error(err)
	}
}

func TestScripts_AreThoseOfTheFolder(t *testing.T) {
	files, err := filepath.Glob("../*.js")
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, file := range files {
		there = append(there, strings.TrimSuffix(filepath.Base(file), ".js"))
	}
	if known := slices.Sorted(slices.Values(scripts)); !slices.Equal(known, there) {
		t.Errorf("known are %v, there are %v", known, there)
	}
}

func TestSettings_RefuseWhatIsNotThere(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"tokens"}, `there is no script "tokens"`},
		{[]string{"-profile", "huge"}, `there is no profile "huge"`},
		{[]string{"-k6", "/nowhere/k6"}, "/nowhere/k6 is missing"},
	} {
		if _, err := parse(c.args); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}

func TestClear_LeavesWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"summary.md", "token.svg", "token.json", "node-1.log", "diary.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := clear(dir); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "diary.txt" {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestAwait_EndsWithTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := await(ctx, func() bool { return false }); !errors.Is(err, errInterrupted) {
		t.Errorf("ended with %v", err)
	}
}
