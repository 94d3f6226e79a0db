package redisx

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Check is one thing that must be true of Redis for what is said about it to hold.
type Check struct {
	Name    string // of CheckNames
	Problem string // what is wrong, what comes of it, and the fix; "" if nothing is
}

// CheckNames are the names of all checks, in their order.
var CheckNames = []string{"version", "eviction", "persistence", "role", "replication", "permissions", "clock"}

const (
	leastVersion = "6.2"            // XADD MINID
	maxSkew      = 5 * time.Second  // between our clock and Redis'
	maxLag       = 10 * time.Second // since a replica last said what it has
)

// Checks looks at every primary, and at whether the user may run each of the commands: all with the
// key as their second word, or behind the count of keys for a script, and all without effect. The
// error is ErrUnavailable.
func (c *Client) Checks(ctx context.Context, commands [][]string) ([]Check, error) {
	f := &findings{cfg: &c.cfg, found: map[string][]string{}}
	for _, node := range c.nodes() {
		if err := c.checkNode(ctx, node, f); err != nil {
			return nil, err
		}
	}
	if err := c.checkPermissions(ctx, commands, f); err != nil {
		return nil, err
	}
	checks := make([]Check, len(CheckNames))
	for i, name := range CheckNames {
		checks[i] = Check{name, strings.Join(f.found[name], "; ")}
	}
	return checks, nil
}

// node is one server.
type node struct {
	redis rueidis.Client
	name  string // "" where there is only one
}

func (c *Client) nodes() []node {
	redis := c.redis.Load()
	if redis == nil || c.cfg.Mode != Cluster {
		return []node{{}}
	}
	all := (*redis).Nodes()
	nodes := make([]node, 0, len(all))
	for _, address := range slices.Sorted(maps.Keys(all)) {
		nodes = append(nodes, node{all[address], address})
	}
	return nodes
}

// askNode runs a command on one node, or on the only one.
func (c *Client) askNode(ctx context.Context, n node, op string, cmd rueidis.Completed) (rueidis.RedisMessage, error) {
	cmd = cmd.Pin()
	reply := c.one(ctx, op, cmd.Slot(), true, func(ctx context.Context, redis rueidis.Client) rueidis.RedisResult {
		if n.redis != nil {
			redis = n.redis
		}
		return redis.Do(ctx, cmd)
	})
	return reply.RedisMessage, reply.Err
}

func (c *Client) checkNode(ctx context.Context, n node, f *findings) error {
	message, err := c.askNode(ctx, n, "checks", c.B().Info().Build())
	switch {
	case denied(err) != "":
		f.add("permissions", "", "INFO is not permitted, so version, eviction, persistence, role and replication are not checked; allow +info")
	case err != nil && c.cfg.Mode == Cluster:
		return nil // one node that is away is the cluster's business
	case err != nil:
		return err
	default:
		text, err := message.ToString()
		if err != nil {
			return unavailable("info", err)
		}
		info := parseInfo(text)
		if c.cfg.Mode == Cluster && info["role"] == "slave" {
			return nil
		}
		f.info(n.name, info)
		if info["aof_enabled"] == "0" {
			c.checkSnapshots(ctx, n, f)
		}
	}
	return c.checkClock(ctx, n, f)
}

// checkSnapshots tells a Redis that loses a while from one that loses everything.
func (c *Client) checkSnapshots(ctx context.Context, n node, f *findings) {
	const lost = "appendonly is off, so a crash loses what changed since the last snapshot; set appendonly yes"
	message, err := c.askNode(ctx, n, "checks", c.B().ConfigGet().Parameter("save").Build())
	if denied(err) != "" {
		f.add("persistence", n.name, lost+" (CONFIG is not permitted, so whether there are snapshots is not known)")
		return
	}
	values, mapErr := message.AsStrMap()
	if err == nil && mapErr == nil && values["save"] == "" {
		f.add("persistence", n.name, "appendonly is off and nothing is saved, so a restart loses everything; set appendonly yes")
		return
	}
	f.add("persistence", n.name, lost)
}

func (c *Client) checkClock(ctx context.Context, n node, f *findings) error {
	asked := time.Now()
	message, err := c.askNode(ctx, n, "checks", c.B().Time().Build())
	if denied(err) != "" {
		f.add("permissions", "", "TIME is not permitted, so the clock is not checked; allow +time")
		return nil
	}
	if err != nil {
		return err
	}
	words, err := message.AsStrSlice()
	if err != nil || len(words) != 2 {
		return unavailable("time", errors.New("a moment that is none"))
	}
	seconds, _ := strconv.ParseInt(words[0], 10, 64)
	took := time.Since(asked)
	skew := time.Unix(seconds, 0).Sub(asked.Add(took / 2)).Round(time.Second)
	if skew.Abs() > maxSkew+time.Second { // Redis' second may be nearly over
		f.add("clock", n.name, fmt.Sprintf("its clock and ours differ by %v, so records live too long or too short; run NTP on both", skew.Abs()))
	}
	return nil
}

// checkPermissions tries every command.
func (c *Client) checkPermissions(ctx context.Context, commands [][]string, f *findings) error {
	for _, words := range commands {
		message := c.DoMulti(ctx, "checks", c.B().Arbitrary(words...).Build())[0]
		switch what := denied(message.Err); {
		case what == "":
			var said *rueidis.RedisError
			if message.Err != nil && message.Err != ErrNil && !errors.As(message.Err, &said) {
				return message.Err
			}
		case strings.Contains(what, "key"):
			f.add("permissions", "", fmt.Sprintf("the Redis user may not use keys such as %s; allow ~%s*", words[1], words[1]))
			return nil
		default:
			name := strings.ToLower(words[0])
			f.add("permissions", "", fmt.Sprintf("the Redis user may not run %s; allow +%s", strings.ToUpper(name), name))
			if name == "set" {
				return nil // what the others need is not there
			}
		}
	}
	return nil
}

// denied returns Redis' words where an ACL forbids a command, "" for any other error.
func denied(err error) string {
	var said *rueidis.RedisError
	if errors.As(err, &said) && strings.HasPrefix(said.Error(), "NOPERM") {
		return said.Error()
	}
	return ""
}
