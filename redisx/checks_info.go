package redisx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// findings collects problems by the names of checks.
type findings struct {
	cfg   *Config
	found map[string][]string
}

// add notes a problem once; node is "" where there is only one.
func (f *findings) add(check, node, problem string) {
	if node != "" {
		problem = node + ": " + problem
	}
	if !slices.Contains(f.found[check], problem) {
		f.found[check] = append(f.found[check], problem)
	}
}

// parseInfo reads the answer of INFO: lines of name:value.
func parseInfo(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		values[name] = value
	}
	return values
}

// info judges what a server says of itself.
func (f *findings) info(node string, info map[string]string) {
	if version := info["redis_version"]; version != "" && older(version, leastVersion) {
		f.add("version", node, "Redis is "+version+"; use "+leastVersion+" or newer")
	}
	if policy := info["maxmemory_policy"]; policy != "" && policy != "noeviction" {
		f.add("eviction", node, "maxmemory-policy is "+policy+", so revocations may be evicted and tokens come back; set noeviction")
	}
	if info["role"] == "slave" {
		f.add("role", node, "this is a replica, which takes no writes; give the primary's address, or use mode sentinel")
		return
	}
	f.replicas(node, info)
}

// replicas judges how far behind they are.
func (f *findings) replicas(node string, info map[string]string) {
	connected, _ := strconv.Atoi(info["connected_slaves"])
	if want := f.cfg.WaitReplicas; connected < want {
		f.add("replication", node, fmt.Sprintf("%d replicas are connected and every write waits for %d, so every write fails; start replicas, or lower redis.wait_replicas", connected, want))
	}
	for i := range connected { // slave0:ip=127.0.0.1,port=6380,state=online,offset=42,lag=1
		for field := range strings.SplitSeq(info["slave"+strconv.Itoa(i)], ",") {
			value, is := strings.CutPrefix(field, "lag=")
			seconds, err := strconv.Atoi(value)
			if lag := time.Duration(seconds) * time.Second; is && err == nil && lag > maxLag {
				f.add("replication", node, fmt.Sprintf("replica %d has not been heard of for %v, so a failover loses as much; look at its log and its network", i, lag))
			}
		}
	}
}

// older compares versions such as 6.2.14 by their numbers.
func older(version, than string) bool {
	has, wants := strings.Split(version, "."), strings.Split(than, ".")
	for i, want := range wants {
		if i >= len(has) {
			return true
		}
		h, _ := strconv.Atoi(has[i])
		w, _ := strconv.Atoi(want)
		if h != w {
			return h < w
		}
	}
	return false
}
