//go:build linux

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const starts = 5 // of each kind; the middle one counts

// measureFootprint is what a process costs before it does anything.
func (c *comparison) measureFootprint() error {
	info, err := os.Stat(c.tollgate)
	if err != nil {
		return err
	}
	c.footprint = append(c.footprint, limit{"the binary", float64(info.Size()) / 1e6, "MB", 30, 1})
	ready, idle, err := c.startsOf("dev")
	if err != nil {
		return err
	}
	c.footprint = append(c.footprint,
		limit{"`dev`, fresh keys and demo data, start to ready", milliseconds(ready), "ms", 1000, 0},
		limit{"`dev`, idle memory", idle, "MB", 40, 1})
	redis, err := c.startRedis()
	if err != nil {
		return err
	}
	master, err := exec.Command(c.tollgate, "key", "new-master").Output()
	if err != nil {
		return err
	}
	ready, idle, err = c.startsOf("serve",
		"TOLLGATE_ISSUER=http://127.0.0.1", "TOLLGATE_REDIS__ADDRESSES="+redis.address, "TOLLGATE_KEYS__MASTER_KEY_FILE="+c.file("master.key", master))
	if err != nil {
		return err
	}
	c.footprint = append(c.footprint,
		limit{"`serve`, keys in Redis, start to ready", milliseconds(ready), "ms", 300, 0},
		limit{"`serve`, idle memory", idle, "MB", 40, 1})
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// startsOf starts a node once to prepare what it keeps, and then again and again. It returns the middle
// time until /readyz, and the memory of the last one after a second of idleness, in MB.
func (c *comparison) startsOf(command string, env ...string) (ready time.Duration, idle float64, err error) {
	var all []time.Duration
	for i := range starts + 1 {
		took, resident, err := c.startOnce(fmt.Sprintf("%s-%d", command, i), command, env, i == starts)
		if err != nil {
			return 0, 0, err
		}
		if i > 0 {
			all = append(all, took)
		}
		idle = resident
	}
	slices.Sort(all)
	return all[len(all)/2], idle, nil
}

func (c *comparison) startOnce(name, command string, env []string, last bool) (took time.Duration, resident float64, err error) {
	public, ops := freeAddress(), freeAddress()
	for _, setting := range append(env, "TOLLGATE_LISTEN__PUBLIC="+public, "TOLLGATE_LISTEN__OPS="+ops) {
		key, value, _ := strings.Cut(setting, "=")
		os.Setenv(key, value)
		defer os.Unsetenv(key)
	}
	begin := time.Now()
	cmd, err := c.start(serverCore, name, c.tollgate, command)
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	for !isReady("http://" + public + "/readyz") {
		if took = time.Since(begin); took > 20*time.Second {
			said, _ := os.ReadFile(c.dir + "/" + name + ".log") // the error stands without it
			return 0, 0, fmt.Errorf("%s is never ready: %s", command, said)
		}
		time.Sleep(2 * time.Millisecond)
	}
	took = time.Since(begin)
	if !last {
		return took, 0, nil
	}
	time.Sleep(time.Second)
	gauges, err := (&grower{Ops: ops}).gauges()
	return took, gauges["process_resident_memory_bytes"] / 1e6, err
}

func isReady(address string) bool {
	resp, err := http.Get(address)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
