//go:build attacks

package attacks

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tollgate/redisx/redistest"
)

// key is one key of Redis with everything under it.
type key struct {
	name  string
	lives int64 // milliseconds; -1 for ever
	holds string
}

// readAll is a script that lists a server's keys of a prefix, how long they live, and what they hold.
const readAll = `local out = {}
for _, k in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
	local kind, v = redis.call('TYPE', k).ok, nil
	if kind == 'string' then v = redis.call('GET', k)
	elseif kind == 'hash' then v = redis.call('HGETALL', k)
	elseif kind == 'zset' then v = redis.call('ZRANGE', k, 0, -1)
	elseif kind == 'stream' then v = redis.call('XRANGE', k, '-', '+')
	else return redis.error_reply(kind .. ' is not read here') end
	out[#out + 1] = {k, redis.call('PTTL', k), v}
end
return out`

// keys reads all keys of the installation.
func (x *trial) keys() (all []key) {
	x.Helper()
	for _, s := range x.primaries() {
		answer, err := s.Do("EVAL", readAll, "0", x.prefix)
		if err != nil {
			x.Fatal("read Redis: ", err)
		}
		for _, item := range answer.([]any) {
			row := item.([]any)
			all = append(all, key{row[0].(string), row[1].(int64), fmt.Sprint(row[2])})
		}
	}
	if len(all) == 0 {
		x.Fatal("Redis holds nothing: the row looks in the wrong place")
	}
	return all
}

// servers are the processes of the installation's Redis.
func (p *place) servers() (all []*redistest.Server) {
	addresses := []string{p.redis.Addr}
	for _, setting := range p.redis.Env {
		if list, ok := strings.CutPrefix(setting, "TOLLGATE_REDIS__ADDRESSES="); ok {
			addresses = strings.Split(list, ",")
		}
	}
	for _, address := range addresses {
		all = append(all, &redistest.Server{Addr: address})
	}
	return all
}

// primaries are those of the servers that hold data of their own.
func (p *place) primaries() (all []*redistest.Server) {
	for _, s := range p.servers() {
		if s.Field("role") == "master" {
			all = append(all, s)
		}
	}
	return all
}

// onRedis sends a command to every primary.
func (x *trial) onRedis(args ...string) {
	x.Helper()
	for _, s := range x.primaries() {
		if _, err := s.Do(args...); err != nil {
			x.Fatalf("%s: %v", strings.Join(args, " "), err)
		}
	}
}

// hget reads a field of a hash, wherever it lies.
func (x *trial) hget(key, field string) string {
	x.Helper()
	for _, s := range x.primaries() {
		if answer, err := s.Do("HGET", key, field); err == nil && answer != nil {
			return answer.(string)
		}
	}
	x.Fatalf("there is no %s in %s", field, key)
	return ""
}

// commands is how often all primaries have run each command so far.
func (x *trial) commands() map[string]int {
	x.Helper()
	all := map[string]int{}
	for _, s := range x.primaries() {
		for line := range strings.Lines(s.Text(x, "INFO", "commandstats")) {
			var calls int
			name, rest, _ := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
			if _, err := fmt.Sscan(rest, &calls); err == nil {
				all[name] += calls
			}
		}
	}
	return all
}

// housekeeping is what every node that was started here does all the time, and replicas, and we who look.
var housekeeping = []string{"ping", "info", "replconf"}

// ran is how many commands all primaries have run since, housekeeping aside, and which.
func (x *trial) ran(before map[string]int) (n int, which string) {
	x.Helper()
	after := x.commands()
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if ran := after[name] - before[name]; ran > 0 && !slices.Contains(housekeeping, name) {
			n += ran
			which += fmt.Sprintf(" %s %d×", name, ran)
		}
	}
	return n, which
}

// memory is how many bytes of data all primaries hold.
func (x *trial) memory() (n int) {
	x.Helper()
	for _, s := range x.primaries() {
		used, err := strconv.Atoi(s.Field("used_memory_dataset"))
		if err != nil {
			x.Fatal(err)
		}
		n += used
	}
	return n
}
