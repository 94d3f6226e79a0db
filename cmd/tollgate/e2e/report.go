package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Machine says what figures were measured on.
func Machine() string {
	redis, _ := exec.Command("redis-server", "--version").Output()
	version := "Redis"
	for _, word := range strings.Fields(string(redis)) {
		if v, found := strings.CutPrefix(word, "v="); found {
			version = "Redis " + v
		}
	}
	cpu := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	busy, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%d × %s, %s/%s, %s, %s, load average %s at the end; servers, load and Redis share it", runtime.NumCPU(), cpu, runtime.GOOS, runtime.GOARCH, runtime.Version(), version, busy)
}

// Publish replaces what stands between two marks of a file.
func Publish(file, begin, end, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := bytes.Cut(old, []byte(begin))
	_, after, found2 := bytes.Cut(rest, []byte(end))
	if !found || !found2 {
		return fmt.Errorf("%s has no place for the table: %q … %q", file, begin, end)
	}
	return os.WriteFile(file, []byte(string(before)+begin+"\n"+text+"\n"+end+string(after)), 0o644)
}
