package keys

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

func TestMaster_ReadsEverySpellingOfAKey(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0xef, 0xbe, 0xff}, 8) // + and / in the standard alphabet
	want, err := newMaster(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]*base64.Encoding{
		"standard": base64.StdEncoding, "standard, unpadded": base64.RawStdEncoding,
		"URL": base64.URLEncoding, "URL, unpadded": base64.RawURLEncoding,
	} {
		m, err := ParseMaster([]byte("# a comment\r\n\n  " + e.EncodeToString(raw) + "  \r\n"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if clear, err := m.Open(want.Seal([]byte("x"), "a"), "a"); err != nil || string(clear) != "x" {
			t.Errorf("%s: %q, %v", name, clear, err)
		}
	}
}

func TestMaster_RefusesWhatIsNoSecretKey(t *testing.T) {
	good := NewMasterKey()
	for name, c := range map[string]struct{ text, want string }{
		"empty":                    {"", "no master key"},
		"comments only":            {"# " + good, "no master key"},
		"not base64":               {good + "\nhunter2hunter2!", "line 2: is not base64"},
		"too short":                {base64.StdEncoding.EncodeToString(make([]byte, 31)), "line 1: has 31 bytes"},
		"too long":                 {base64.StdEncoding.EncodeToString(make([]byte, 33)), "line 1: has 33 bytes"},
		"zeros":                    {base64.StdEncoding.EncodeToString(make([]byte, 32)), "one byte repeated"},
		"the public one of dev":    {base64.StdEncoding.EncodeToString(publicDevKey()), "development key"},
		"two on one line":          {good + " " + good, "line 1: is not base64"},
		"set bits behind the last": {strings.TrimRight(good, "=")[:42] + "B", "line 1: is not base64"},
	} {
		_, err := ParseMaster([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the key", name)
		}
	}
}

func TestMaster_FirstSealsAllOpen(t *testing.T) {
	old, new := NewMasterKey(), NewMasterKey()
	parse := func(lines ...string) *Master {
		m, err := ParseMaster([]byte(strings.Join(lines, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	sealed := parse(old).Seal([]byte("key"), "aad")
	if clear, err := parse(new, old).Open(sealed, "aad"); err != nil || string(clear) != "key" {
		t.Errorf("the ring does not open what its second key sealed: %v", err)
	}
	if _, err := parse(new).Open(sealed, "aad"); err == nil {
		t.Error("a key opens what another sealed")
	}
	if _, err := parse(old).Open(sealed, "other aad"); err == nil {
		t.Error("the aad is not bound")
	}
	if _, err := parse(old).Open(parse(new, old).Seal([]byte("key"), "aad"), "aad"); err == nil {
		t.Error("the ring sealed with its second key")
	}
}

func TestMaster_SubkeysDifferByPurposeAndKey(t *testing.T) {
	ring, err := ParseMaster([]byte(NewMasterKey() + "\n" + NewMasterKey()))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, purpose := range []string{"handles", "cursors"} {
		subs := ring.Derive(purpose)
		if len(subs) != 2 {
			t.Fatalf("%d subkeys for a ring of two", len(subs))
		}
		for _, s := range subs {
			seen[string(s)] = true
		}
		if !bytes.Equal(subs[0], ring.Derive(purpose)[0]) {
			t.Error("a subkey is not the same twice")
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d different subkeys, want 4", len(seen))
	}
}

func TestMaster_NeverPrintsItsKeys(t *testing.T) {
	m := DevMaster()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if out := fmt.Sprintf(verb, m); out != "<secret>" {
			t.Errorf("%s prints %s", verb, out)
		}
	}
}
