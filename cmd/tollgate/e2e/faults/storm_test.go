//go:build faults

package faults

import (
	"strings"
	"testing"
	"time"

	"tollgate/cmd/tollgate/e2e"
	"tollgate/redisx/redistest"
)

func TestFault_F47_ClientsRetryHard(t *testing.T) {
	redis := redistest.Start(t)
	proxy := redistest.StartProxy(t, redis.Addr)
	in := install(t, 1, proxy.Addr)
	n := in.nodes[0]
	tokens := make([]string, 8)
	for i := range tokens {
		tokens[i] = in.service(t)
	}
	proxy.DropReplies("e2e:") // every command that names a key of ours loses its reply
	before := commandCalls(redis, "get")
	calls := make([]call, len(tokens))
	for i := range calls {
		calls[i] = call{"validate", func() e2e.Answer { return n.Validate(tokens[i], "") }}
	}
	l := startLoad(t, 16, 0, calls...)
	time.Sleep(5 * time.Second)
	all := l.stop()
	attempts := float64(commandCalls(redis, "get") - before)
	const perRequest = 4 // GETs that ask whether a service's token is revoked; nobody knows of any less
	ratio := attempts / perRequest / float64(len(all))
	record(t, "F47", ratio <= 1.1, "%d requests in 5 s, %.0f questions reached Redis: %.2f per request", len(all), attempts/perRequest, ratio)
}

// commandCalls is how often Redis has run a command.
func commandCalls(redis *redistest.Server, command string) int64 {
	answer, _ := redis.Do("INFO", "commandstats")
	text, _ := answer.(string)
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, "cmdstat_"+command+":calls="); found {
			var n int64
			for _, digit := range rest {
				if digit < '0' || digit > '9' {
					return n
				}
				n = 10*n + int64(digit-'0')
			}
		}
	}
	return 0
}
