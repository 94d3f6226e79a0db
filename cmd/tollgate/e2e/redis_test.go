package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/rueidis"
)

// monitor gathers every command that any client sends to the Redis.
func monitor(t *testing.T, addr string) func() string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var seen output
	if _, err := io.WriteString(conn, "MONITOR\r\n"); err != nil {
		t.Fatal(err)
	}
	go io.Copy(&seen, conn)
	return seen.String
}

// everyKey returns all keys of the Redis and all that stands under them.
func everyKey(t *testing.T, addr string) string {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, AlwaysRESP2: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	do := func(args ...string) rueidis.RedisMessage {
		message, err := client.Do(t.Context(), client.B().Arbitrary(args...).Build()).ToMessage()
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		return message
	}
	names := do("KEYS", "*")
	keys, err := names.AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, key := range keys {
		message := do("TYPE", key)
		kind, _ := message.ToString()
		fmt.Fprintf(&all, "%s (%s)\n", key, kind)
		switch kind {
		case "string":
			writeAll(&all, do("GET", key))
		case "hash":
			writeAll(&all, do("HGETALL", key))
		case "set":
			writeAll(&all, do("SMEMBERS", key))
		case "list":
			writeAll(&all, do("LRANGE", key, "0", "-1"))
		case "zset":
			writeAll(&all, do("ZRANGE", key, "0", "-1", "WITHSCORES"))
		case "stream":
			writeAll(&all, do("XRANGE", key, "-", "+"))
		default:
			t.Fatalf("%q is a %q, which is not read here", key, kind)
		}
	}
	return all.String()
}

func writeAll(all *strings.Builder, m rueidis.RedisMessage) {
	if members, err := m.ToArray(); err == nil {
		for _, member := range members {
			writeAll(all, member)
		}
		return
	}
	text, _ := m.ToString()
	fmt.Fprintln(all, text)
}

// files returns what stands in a folder's files.
func files(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
