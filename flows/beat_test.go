package flows

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/redisx/redistest"
)

func TestRollback_AStoreThatWasEmptiedBeginsOneNewLife(t *testing.T) {
	server := redistest.Start(t)
	w := redisWorld(t, server)
	server.Text(t, "SET", "p:beat:{p:keys}", "60")
	if err := w.keys.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Text(t, "FLUSHALL")
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := w.keys.Load(t.Context())
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	first := w.keys.Snapshot().Epoch
	if err := w.SeedDemo(t.Context()); err != nil {
		t.Fatal(err)
	}
	tok := w.accessToken()
	time.Sleep(time.Second)
	if err := w.keys.Load(t.Context()); err != nil { // the next turn of Run
		t.Fatal(err)
	}
	if second := w.keys.Snapshot().Epoch; second != first {
		t.Errorf("the new life %q was replaced by %q a second later, with nothing restored", first, second)
	}
	if err := w.validate(tok); err != nil {
		t.Errorf("a token of the new life: %v", err)
	}
}

// However often strangers make nodes look for keys that nobody has, seconds pass one by one.
func TestBeat_StrangersDoNotSpeedItUp(t *testing.T) {
	const nodes, watched = 4, 4 * time.Second
	server := redistest.Start(t)
	all := []*world{redisWorld(t, server)}
	for len(all) < nodes {
		all = append(all, anotherNode(t, server, all[0]))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var made atomic.Int64
	for i, w := range all {
		group.Go(func() {
			time.Sleep(time.Duration(i) * time.Second / nodes)
			w.keys.Run(ctx)
		})
		group.Go(func() {
			for ctx.Err() == nil {
				header := fmt.Sprintf(`{"alg":"RS256","kid":"%043d","typ":"at+jwt"}`, made.Add(1))
				w.validate(base64.RawURLEncoding.EncodeToString([]byte(header)) + ".e30.c2ln")
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	beat := func() int {
		n, _ := strconv.Atoi(server.Text(t, "GET", "p:beat:{p:keys}"))
		return n
	}
	time.Sleep(2 * time.Second)
	from := beat()
	time.Sleep(watched)
	passed := beat() - from
	cancel()
	group.Wait()
	if passed < 1 || passed > 6 {
		t.Errorf("%d beats in %v", passed, watched)
	}
}

func TestCode_ThatNobodyUsesIsNotListedForLong(t *testing.T) {
	server := redistest.Start(t)
	w := redisWorld(t, server)
	b := w.newBrowser()
	w.walk(b, request())
	for _, of := range []string{"subject", "client"} {
		keys, _ := server.Do("KEYS", "p:families:"+of+":*")
		list, _ := keys.([]any)
		if len(list) != 1 {
			t.Fatalf("listings of %s: %v", of, keys)
		}
		left, err := strconv.Atoi(fmt.Sprint(must(server.Do("PTTL", list[0].(string)))(t)))
		if err != nil || left <= 0 || left > int((3*time.Minute).Milliseconds()) {
			t.Errorf("listed for %d ms: %v", left, err)
		}
	}
	w.tokens(b)
	deadline := time.Now().Add(5 * time.Second)
	for {
		keys, _ := server.Do("KEYS", "p:families:subject:*")
		if left, _ := server.Do("PTTL", keys.([]any)[0].(string)); left.(int64) > time.Hour.Milliseconds() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the family of a code that was used is not listed for as long as it lives")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
