//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const clockTick = 10 * time.Millisecond // of /proc: 100 a second on every Linux, proc_stat(5)

// usage is processor time: of all cores, and of whom; as shares of the machine once k6 is counted.
type usage struct {
	all, busy, nodes, redis, self time.Duration

	nodesShare, redisShare, k6Share, others, idle float64
}

// used is what has been used since the machine came up. What cannot be read counts as nothing: these
// figures explain others and decide nothing.
func (n *nodes) used() usage {
	var u usage
	text, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(first) {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil || i > 8 { // guest time, which follows, is within user time
			continue
		}
		u.all += time.Duration(ticks) * clockTick
		if i != 4 && i != 5 { // idle, and waiting for a disk
			u.busy += time.Duration(ticks) * clockTick
		}
	}
	for _, p := range n.processes {
		if p.name == "redis" {
			u.redis += usedBy(p.cmd.Process.Pid)
		} else {
			u.nodes += usedBy(p.cmd.Process.Pid)
		}
	}
	u.self = usedBy(os.Getpid())
	return u
}

// usedBy reads utime and stime, the 14th and 15th field of proc_pid_stat(5). The second is a name in
// parentheses that may hold anything.
func usedBy(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * clockTick
}

func (u usage) since(before usage) usage {
	return usage{
		all: u.all - before.all, busy: u.busy - before.busy,
		nodes: u.nodes - before.nodes, redis: u.redis - before.redis, self: u.self - before.self,
	}
}

// and counts k6, which has ended, and what we did to read its samples.
func (u usage) and(k6 *os.ProcessState) usage {
	driver := u.self
	if k6 != nil {
		driver += k6.UserTime() + k6.SystemTime()
	}
	share := func(d time.Duration) float64 { return max(0, d.Seconds()/max(u.all.Seconds(), clockTick.Seconds())) }
	u.nodesShare, u.redisShare, u.k6Share = share(u.nodes), share(u.redis), share(driver)
	u.others, u.idle = share(u.busy-u.nodes-u.redis-driver), share(u.all-u.busy)
	return u
}

func (u usage) String() string {
	return fmt.Sprintf("both nodes %.0f %%, Redis %.0f %%, k6 %.0f %%, other programs %.0f %%, idle %.0f %%",
		100*u.nodesShare, 100*u.redisShare, 100*u.k6Share, 100*u.others, 100*u.idle)
}
