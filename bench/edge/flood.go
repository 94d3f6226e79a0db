//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const goodTokens = 1000 // beside the junk

// addFlood asks about good tokens, alone and beside as many connections that show nothing but junk, all
// of it different. Tollgate must answer by what it knows: Redis is to hear nothing of it.
func (c *comparison) addFlood(n *node, redis *server) error {
	tokens, err := n.mint(goodTokens)
	if err != nil {
		return err
	}
	var good [][]byte
	for _, tok := range tokens {
		good = append(good, get(n.address, "/validate", tok))
	}
	if _, err := c.generate(n.server, &job{Requests: good, Once: true, Measure: time.Minute}); err != nil {
		return err
	}
	junk := junkFor(n.address, tokens[0])
	c.add(validateMany, fmt.Sprintf("%d tokens in turn, on Redis", goodTokens), func() (sample, error) { return c.recalling(n, job{Requests: good}) })
	c.add(besideJunk, fmt.Sprintf("the same from %d connections, beside %d that send junk; CPU is for each good answer", connections/2, connections/2),
		func() (sample, error) { return c.recalling(n, job{Requests: good, Junk: junk}) })
	c.add(junkAlone, "random text, unknown keys, wrong signatures, all different; 401", func() (sample, error) { return c.askingRedis(n, redis, junk) })
	return nil
}

// recalling is load, with how many of the good tokens the node remembered.
func (c *comparison) recalling(n *node, j job) (sample, error) {
	metrics := grower{Ops: n.ops}
	before, err := metrics.gauges()
	if err != nil {
		return sample{}, err
	}
	f, err := c.generate(n.server, &j)
	if err != nil {
		return sample{}, err
	}
	after, err := metrics.gauges()
	const hits, misses = "tollgate_claims_cache_hits_total", "tollgate_claims_cache_misses_total"
	recalled, verified := after[hits]-before[hits], after[misses]-before[misses]
	s := f.sample(1)
	s.Junk, s.Recalled = float64(f.Junk)/f.Seconds, recalled/(recalled+verified)
	return s, err
}

// askingRedis is a flood of nothing but junk, with what Redis is asked more than in a quiet time that
// is as long. Beside good traffic it could not be told, as answers about good tokens are renewed
// there once in a while.
func (c *comparison) askingRedis(n *node, redis *server, junk [][]byte) (sample, error) {
	lasts := c.span / 2
	before, err := commandsOf(redis.address)
	if err != nil {
		return sample{}, err
	}
	start := time.Now()
	f, err := c.generate(n.server, &job{Junk: junk, Measure: lasts})
	if err != nil {
		return sample{}, err
	}
	took := time.Since(start)
	flooded, err := commandsOf(redis.address)
	if err != nil {
		return sample{}, err
	}
	time.Sleep(took)
	quiet, err := commandsOf(redis.address)
	each := float64(f.Junk)
	return sample{
		PerSecond: each / f.Seconds, CPU: f.CPU / each * 1e6, Busy: 100 * f.CPU / f.Seconds,
		Asked: max(0, 2*flooded-before-quiet) / each * 1000,
	}, err
}

// commandsOf counts what a Redis was asked so far, but for questions such as this one.
func commandsOf(address string) (float64, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "INFO commandstats\r\n"); err != nil {
		return 0, err
	}
	r := bufio.NewReader(conn)
	head, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	length, err := strconv.Atoi(strings.Trim(head, "$\r\n"))
	if err != nil {
		return 0, fmt.Errorf("answer to INFO: %q", head)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return 0, err
	}
	return sumCalls(string(text)), nil
}

// sumCalls adds the calls of all commands of INFO commandstats.
func sumCalls(stats string) (sum float64) {
	for line := range strings.Lines(stats) {
		name, figures, _ := strings.Cut(line, ":calls=")
		calls, _, found := strings.Cut(figures, ",")
		if n, err := strconv.ParseFloat(calls, 64); found && err == nil && name != "cmdstat_info" {
			sum += n
		}
	}
	return sum
}
