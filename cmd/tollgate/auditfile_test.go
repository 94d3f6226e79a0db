package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.uber.org/zap/zapcore"

	"tollgate/flows"
	"tollgate/flows/store"
	"tollgate/redisx/redistest"
)

func TestAudit_RotationLosesNothingAndCommandsAppend(t *testing.T) {
	a := startAudited(t, redistest.Start(t).Addr)
	moved := a.file + ".1"
	if info, err := os.Stat(a.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	a.admin(201, "POST", "/clients", `{"client_id":"before","grant_types":["client_credentials"]}`)
	a.awaitLines("client_changed")
	if err := os.Rename(a.file, moved); err != nil {
		t.Fatal(err)
	}
	a.admin(201, "POST", "/clients", `{"client_id":"between","grant_types":["client_credentials"]}`)
	if r := run(t, a.in.env, "", "client", "create", "unwritten"); r.code != 0 || strings.Contains(r.err, "audit") {
		t.Errorf("a command does not make the file: %+v", r)
	}
	eventually(t, 10*time.Second, func() error {
		if text, err := os.ReadFile(moved); err != nil || !bytes.Contains(text, []byte(`"client":"between"`)) {
			return fmt.Errorf("the moved file has %s, %v", text, err)
		}
		return nil
	})
	a.process.cmd.Process.Signal(syscall.SIGHUP)
	a.process.await("the audit log was opened again")
	a.admin(201, "POST", "/clients", `{"client_id":"after","grant_types":["client_credentials"]}`)
	eventually(t, 5*time.Second, func() error { _, err := os.Stat(a.file); return err })
	mustRun(t, a.in.env, "", "client", "create", "by-command")
	if _, err := a.process.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	old, _ := os.ReadFile(moved)
	fresh, _ := os.ReadFile(a.file)
	for text, in := range map[string][]byte{`"client":"before"`: old, `"client":"between"`: old, `"client":"after"`: fresh, `"client":"by-command"`: fresh} {
		if bytes.Count(in, []byte(text)) != 1 || bytes.Count(append(old, fresh...), []byte(text)) != 1 {
			t.Errorf("%s is not once where it should be:\n%s---\n%s", text, old, fresh)
		}
	}
	if !strings.Contains(string(fresh), `"by":"command_line"`) || strings.Contains(string(fresh)+string(old), "unwritten") {
		t.Errorf("commands: %s", fresh)
	}
}

func TestAudit_AFileThatCannotBeOpenedIsSaidAtTheStart(t *testing.T) {
	in := install(t, "127.0.0.1:1", "TOLLGATE_STORE=memory")
	for name, want := range map[string]string{"no-such-folder/audit.log": "does not exist", ".": "is a folder"} {
		r := run(t, append(in.env, "TOLLGATE_LOG__AUDIT_FILE="+filepath.Join(in.dir, name)), "", "serve")
		if r.code == 0 || !strings.Contains(r.err, "log.audit_file") || !strings.Contains(r.err, want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// deploy/ADMIN.md says in what the file and the stream differ.
func TestAudit_TheStreamHasTheSameFieldsButItsOwnCount(t *testing.T) {
	redis := redistest.Start(t)
	a := startAudited(t, redis.Addr)
	secret := a.admin(201, "POST", "/clients", `{"client_id":"orders","grant_types":["client_credentials"]}`)["client_secret"].(string)
	a.form(200, "/token", "grant_type", "client_credentials", "client_id", "orders", "client_secret", secret)
	a.admin(204, "DELETE", "/clients/orders", "")
	deleted := func(e store.Event) bool { return e.Detail == "deleted" }
	_, line := a.awaitLine(deleted)
	var streamed store.Event
	eventually(t, 5*time.Second, func() error {
		message := command(t, redis.Addr, "XRANGE", "tollgate:events", "-", "+")
		entries, err := message.AsXRange()
		if err != nil || len(entries) == 0 {
			return fmt.Errorf("%d events, %w", len(entries), err)
		}
		streamed = store.Event{}
		if err := json.Unmarshal([]byte(entries[len(entries)-1].FieldValues["event"]), &streamed); err != nil || !deleted(streamed) {
			return fmt.Errorf("the last is %+v, %w", streamed, err)
		}
		return nil
	})
	if streamed.Seq <= line.Seq {
		t.Errorf("count %d in the file, %d on the stream, where a token was issued besides", line.Seq, streamed.Seq)
	}
	if streamed.Seq = line.Seq; streamed != line {
		t.Errorf("the file has %+v, the stream %+v", line, streamed)
	}
}

func newTestAudit(t *testing.T) (*auditLog, *output) {
	t.Helper()
	file, err := openAuditFile(filepath.Join(t.TempDir(), "audit.log"), os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	said := &output{}
	return newAuditLog(file, newJSONLog(zapcore.AddSync(said), "info")), said
}

func TestAudit_AFullDiskIsSaidAndWhatWaitsIsWrittenLater(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /dev/full here")
	}
	a, said := newTestAudit(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.file.close()
	a.file.file = full
	a.begin("n", metrics.NewSet())
	begin := time.Now()
	for range auditQueue + 200 { // more than there is room for, and none waits
		a.add(flows.Event{Type: flows.EventLogout, Time: begin})
	}
	if took := time.Since(begin); took > auditRetry {
		t.Errorf("adding took %s", took)
	}
	lost := int(a.lost.Get())
	if lost == 0 {
		t.Error("what had no room is not counted")
	}
	eventually(t, 5*time.Second, func() error { _, err := os.Stat(a.file.name); return err })
	deadline := time.Now().Add(5 * time.Second)
	for !strings.Contains(said.String(), "written again") && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	a.close()
	text, _ := os.ReadFile(a.file.name)
	if n := bytes.Count(text, []byte("\n")); n+lost != auditQueue+200 {
		t.Errorf("%d lines and %d lost, want %d together", n, lost, auditQueue+200)
	}
	for _, want := range []string{"the audit log cannot be written", "no space left", "written again", "audit events are lost"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q was not said:\n%s", want, said.String())
		}
	}
}

func TestAudit_RoutineIsLeftOutAndNothingIsWrittenWithoutAFile(t *testing.T) {
	a, _ := newTestAudit(t)
	a.begin("n", nil)
	for _, e := range []flows.EventType{flows.EventTokenIssued, flows.EventTokenRefreshed, flows.EventRefreshReplayed, flows.EventLogin} {
		a.add(flows.Event{Type: e, Time: time.Now()})
	}
	a.close()
	if all := auditLines(t, a.file.name); len(all) != 1 || all[0].Type != flows.EventLogin {
		t.Errorf("%+v", all)
	}
	var none *auditLog
	none.begin("n", nil)
	none.add(flows.Event{Type: flows.EventLogin})
	none.close()
}

// A line that is cut by a full disk, or by the end of a process, spoils no other.
func TestAuditFile_ATornLineStandsAlone(t *testing.T) {
	name := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(name, []byte("{\"a\":1}\n{\"b\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := openAuditFile(name, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	want := "{\"a\":1}\n{\"b\":\n"
	check := func(line string, wantRest int) {
		t.Helper()
		rest, err := f.write([]byte(line))
		if len(rest) != wantRest || (err == nil) != (wantRest == 0) {
			t.Errorf("%q is left, %v", rest, err)
		}
		if text, _ := os.ReadFile(name); string(text) != want {
			t.Errorf("the file is %q, want %q", text, want)
		}
	}
	want += "{\"c\":1}\n"
	check("{\"c\":1}\n", 0)

	t.Run("by us", func(t *testing.T) {
		restore := limitFileSize(t, len(want)+12)
		want += "{\"d\":1}\n{\"e\""
		check("{\"d\":1}\n{\"e\":1}\n{\"f\":1}\n", 16)
		check("{\"e\":1}\n{\"f\":1}\n", 16)
		restore()
		want += "\n{\"e\":1}\n{\"f\":1}\n"
		check("{\"e\":1}\n{\"f\":1}\n", 0)
	})
	t.Run("by another process, while the file is open here", func(t *testing.T) {
		other, err := openAuditFile(name, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer other.close()
		restore := limitFileSize(t, len(want)+3)
		if rest, err := other.write([]byte("{\"g\":1}\n")); len(rest) != 8 || err == nil {
			t.Errorf("%q is left, %v", rest, err)
		}
		restore()
		want += "{\"g\n{\"h\":1}\n"
		check("{\"h\":1}\n", 0)
	})
}

// limitFileSize has the kernel refuse what would make a file longer, in the middle of a write.
func limitFileSize(t *testing.T, size int) (restore func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(size), Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	restore = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(restore)
	return restore
}
