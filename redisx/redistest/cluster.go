package redistest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ClusterNodeTimeout is how long a node must be silent before the others think it is dead.
const ClusterNodeTimeout = 2 * time.Second

const (
	clusterPrimaries = 3
	clusterSlots     = 16384
)

// Cluster is three primaries with a replica each.
type Cluster struct {
	Nodes     []*Server // the first three began as primaries; each replica stands three later
	Addresses []string

	tb testing.TB
}

// ClusterMode is redis-server's arguments for a node of a cluster. Its bus has a free port of its own:
// Redis would take the one 10,000 above the node's, which may be anybody's.
func ClusterMode(tb testing.TB) []string {
	tb.Helper()
	return clusterMode(portOf(FreeAddr(tb)))
}

func clusterMode(bus string) []string {
	return []string{
		"--cluster-enabled", "yes", "--cluster-port", bus,
		"--cluster-node-timeout", strconv.FormatInt(ClusterNodeTimeout.Milliseconds(), 10),
	}
}

// StartCluster runs all six and returns once all slots are served and all replicas have the data.
// args are redis-server's.
func StartCluster(tb testing.TB, args ...string) *Cluster {
	tb.Helper()
	c := &Cluster{tb: tb}
	for range 2 * clusterPrimaries {
		bus := portOf(FreeAddr(tb))
		node := Start(tb, append(clusterMode(bus), args...)...)
		c.Nodes = append(c.Nodes, node)
		c.Addresses = append(c.Addresses, node.Addr)
		node.Text(tb, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(len(c.Nodes)))
		c.Nodes[0].Text(tb, "CLUSTER", "MEET", "127.0.0.1", portOf(node.Addr), bus)
	}
	for i, node := range c.Nodes {
		await(tb, "meeting of the cluster", startTimeout, func() bool { return len(node.known()) == len(c.Nodes) })
		if i < clusterPrimaries {
			first, next := i*clusterSlots/clusterPrimaries, (i+1)*clusterSlots/clusterPrimaries
			node.Text(tb, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(next-1))
		} else {
			node.Text(tb, "CLUSTER", "REPLICATE", c.Nodes[i-clusterPrimaries].Text(tb, "CLUSTER", "MYID"))
		}
	}
	await(tb, "a whole cluster", startTimeout, func() bool {
		for i, node := range c.Nodes {
			if !node.clusterOK() || i >= clusterPrimaries && !node.replicates() {
				return false
			}
		}
		return true
	})
	return c
}

// clusterOK reports whether a node takes the cluster for whole, replicas included.
func (s *Server) clusterOK() bool {
	answer, _ := s.Do("CLUSTER", "INFO")
	info, _ := answer.(string)
	if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_slots_ok:%d", clusterSlots)) {
		return false
	}
	replicas := 0
	for _, line := range s.known() {
		if strings.Contains(line, "slave") {
			replicas++
		}
	}
	return replicas == clusterPrimaries
}

// known lists the nodes that a node has shaken hands with, as CLUSTER NODES describes them.
func (s *Server) known() []string {
	answer, _ := s.Do("CLUSTER", "NODES")
	text, _ := answer.(string)
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "handshake") {
			lines = append(lines, line)
		}
	}
	return lines
}

// SlotOf returns the slot of a key.
func (c *Cluster) SlotOf(key string) int {
	c.tb.Helper()
	slot, err := c.Nodes[0].Do("CLUSTER", "KEYSLOT", key)
	for _, node := range c.Nodes[1:] {
		if err == nil {
			break
		}
		slot, err = node.Do("CLUSTER", "KEYSLOT", key)
	}
	if err != nil {
		c.tb.Fatal("no node of the cluster answers: ", err)
	}
	return int(slot.(int64))
}

// Primary returns the node that holds a slot; nil while nobody does.
func (c *Cluster) Primary(slot int) *Server {
	for _, node := range c.Nodes {
		for _, line := range node.known() {
			if strings.Contains(line, "myself,master") && !strings.Contains(line, "fail") && holds(line, slot) {
				return node
			}
		}
	}
	return nil
}

// holds reports whether a line of CLUSTER NODES lists the slot: "id addr flags primary ping pong
// epoch link range...".
func holds(line string, slot int) bool {
	fields := strings.Fields(line)
	for _, span := range fields[min(8, len(fields)):] {
		first, last, many := strings.Cut(span, "-")
		if !many {
			last = first
		}
		from, err := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err == nil && err2 == nil && from <= slot && slot <= to { // others are slots that move
			return true
		}
	}
	return false
}

// KillPrimary kills the primary of a slot and returns it. Its replica takes over within some
// cluster-node-timeouts; AwaitPrimary waits for that.
func (c *Cluster) KillPrimary(slot int) *Server {
	c.tb.Helper()
	primary := c.Primary(slot)
	if primary == nil {
		c.tb.Fatalf("slot %d has no primary", slot)
	}
	primary.Kill()
	return primary
}

// AwaitPrimary returns once a slot is served again.
func (c *Cluster) AwaitPrimary(slot int) *Server {
	c.tb.Helper()
	var primary *Server
	await(c.tb, "election", 15*ClusterNodeTimeout, func() bool {
		primary = c.Primary(slot)
		return primary != nil
	})
	return primary
}

// Reshard moves slots with all their keys to the next primary, one after the other, while
// everybody works on.
func (c *Cluster) Reshard(slots ...int) {
	c.tb.Helper()
	for _, slot := range slots {
		from := c.AwaitPrimary(slot) // one that has just moved may be nobody's for a moment
		to := c.next(from)
		c.move(slot, from, to)
	}
}

// next returns a primary that is not this one.
func (c *Cluster) next(than *Server) *Server {
	for i := range clusterPrimaries {
		if node := c.Nodes[i]; node != than && node.Field("role") == "master" {
			return node
		}
	}
	c.tb.Fatal("there is no other primary")
	return nil
}

// move does what redis-cli --cluster reshard does for one slot.
func (c *Cluster) move(slot int, from, to *Server) {
	c.tb.Helper()
	number, fromID, toID := strconv.Itoa(slot), from.Text(c.tb, "CLUSTER", "MYID"), to.Text(c.tb, "CLUSTER", "MYID")
	to.Text(c.tb, "CLUSTER", "SETSLOT", number, "IMPORTING", fromID)
	from.Text(c.tb, "CLUSTER", "SETSLOT", number, "MIGRATING", toID)
	for {
		answer, err := from.Do("CLUSTER", "GETKEYSINSLOT", number, "100")
		if err != nil {
			c.tb.Fatal("reshard: ", err)
		}
		keys, _ := answer.([]any)
		if len(keys) == 0 {
			break
		}
		args := []string{"MIGRATE", "127.0.0.1", portOf(to.Addr), "", "0", "5000", "KEYS"}
		for _, key := range keys {
			args = append(args, key.(string))
		}
		from.Text(c.tb, args...)
	}
	for _, node := range []*Server{to, from} { // this order, so that the slot always has an owner
		node.Text(c.tb, "CLUSTER", "SETSLOT", number, "NODE", toID)
	}
}
