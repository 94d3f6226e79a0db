package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What `config print` writes is a configuration again, and the same one.
func TestPrint_ReadsBackTheSame(t *testing.T) {
	files, _ := filepath.Glob("testdata/good/*.yaml")
	for _, file := range files {
		first, err := load(t, file).YAML()
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "printed.yaml")
		os.WriteFile(copied, first, 0o600)
		second, err := load(t, copied).YAML()
		if err != nil || string(first) != string(second) {
			t.Errorf("%s: printed\n%s\nthen\n%s (%v)", file, first, second, err)
		}
	}
}

func TestPrint_SecretsNeverShow(t *testing.T) {
	c := load(t, "testdata/good/everything.yaml")
	printed, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	logged, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	master, _ := os.ReadFile("testdata/good/files/master.key")
	all := fmt.Sprintf("%s %s %s %v %+v %#v %s %q", printed, asJSON, logged, c, c, c, c.Admin.Token, c.Redis.Password)
	for _, secret := range []string{"a-long-enough-admin-token", "hunter2-in-redis", strings.TrimSpace(string(master))} {
		if strings.Contains(all, secret) {
			t.Errorf("%s shows", secret)
		}
	}
	if n := strings.Count(string(printed), "# <secret>"); n != 3 {
		t.Errorf("%d secrets are marked, want 3:\n%s", n, printed)
	}
}
