//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestParse_KnowsWhenAnAnswerIsWhole(t *testing.T) {
	check := func(in string, whole bool, status, body string, last bool) {
		t.Helper()
		a, got := parse([]byte(in))
		if got != whole || whole && (string(a.status) != status || string(a.body) != body || a.last != last) {
			t.Errorf("%q: whole %v, %s %q, last %v", in, got, a.status, a.body, a.last)
		}
	}
	check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", true, "200", "abc", false)
	check("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nConnection: close\r\n\r\nabc", true, "200", "abc", true)
	check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false, "", "", false)
	check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", false, "", "", false)
	check("HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", true, "204", "", false)
	check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false, "", "", false)
	check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", true, "200", "3\r\nabc\r\n0\r\n\r\n", false)
}

func TestRotate_PutsTheSuccessorWhereTheTokenStood(t *testing.T) {
	c := &conn{request: []byte("POST / \r\n\r\nrefresh_token=old1&x=y"), token: "old1"}
	if err := c.rotate([]byte(`{"refresh_token":"new2"}`), "refresh_token"); err != nil || string(c.request) != "POST / \r\n\r\nrefresh_token=new2&x=y" || c.token != "new2" {
		t.Errorf("%v, %q", err, c.request)
	}
	if err := c.rotate([]byte(`{"access_token":"new2"}`), "refresh_token"); err == nil {
		t.Error("an answer without a refresh token was taken")
	}
}

func TestVerdicts_TakeRatiosWithinARound(t *testing.T) {
	c := &comparison{settings: settings{rounds: 3}, rows: []*row{
		{name: validateHit, samples: []sample{{PerSecond: 90, CPU: 11}, {PerSecond: 45, CPU: 22}, {PerSecond: 95, CPU: 11}}}, // the machine slowed down in between
		{name: bareGet, samples: []sample{{PerSecond: 100, CPU: 10}, {PerSecond: 50, CPU: 20}, {PerSecond: 100, CPU: 10}}},
	}}
	all := c.verdicts()
	if len(all) != 2 {
		t.Fatalf("%d verdicts; only two goals have their rows", len(all))
	}
	if v := all[0]; v.median != 0.9 || v.low != 0.9 || v.high != 0.95 || v.holds() != "**no**" || v.wanted() != "≥ 0.92" {
		t.Errorf("%+v", v)
	}
	if v := all[1]; v.median != 1.1 || v.holds() != "yes" {
		t.Errorf("%+v", v)
	}
}

func TestChart_DrawsWhatWasMeasured(t *testing.T) {
	c := &comparison{rows: []*row{{name: validateHit, samples: []sample{{PerSecond: 50}}}, {name: bareGet, samples: []sample{{PerSecond: 100}}}}}
	chart := c.chart()
	if strings.Count(chart, "<rect") != 3 || !strings.Contains(chart, `width="200.0" height="15" class="ours"`) || strings.Contains(chart, "Introspection") {
		t.Errorf("drew %s", chart)
	}
}

func TestCPUTime_IsOfTheProcess(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 20*time.Millisecond; {
	}
	if after, err := cpuTime(os.Getpid()); err != nil || after <= before {
		t.Errorf("%v, %v after %v", err, after, before)
	}
}

func TestSumCalls_AddsAllCommandsButTheQuestion(t *testing.T) {
	if got := sumCalls("# Commandstats\r\ncmdstat_get:calls=7,usec=12\r\ncmdstat_info:calls=99,usec=1\r\ncmdstat_client|id:calls=2,usec=1\r\n"); got != 9 {
		t.Errorf("%v", got)
	}
}

func TestPressure_FairShareIsHalfOfAllAnswers(t *testing.T) {
	if got := fairShare([]sample{{PerSecond: 30, Junk: 70}}); got != 0.6 {
		t.Errorf("%v", got)
	}
}

func TestLimits_SayWhetherTheyHold(t *testing.T) {
	var b strings.Builder
	writeLimits(&b, []limit{{"start", 301, "ms", 300, 0}, {"memory", 29.96, "MB", 30, 1}})
	if got := b.String(); !strings.Contains(got, "| start | 301 ms | ≤ 300 ms | **no** |\n| memory | 30.0 MB | ≤ 30.0 MB | yes |\n") {
		t.Error(got)
	}
}
