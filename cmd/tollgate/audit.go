package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"tollgate/cmd/tollgate/config"
	"tollgate/flows"
)

const (
	auditQueue    = 8192        // events, some MiB
	maxAuditBatch = 64          // events in one write
	auditRetry    = time.Second // between two attempts to write to a disk that is full
)

// routineEvents are no business of an audit: they are what the issuer is for.
var routineEvents = map[flows.EventType]bool{
	flows.EventTokenIssued:     true,
	flows.EventTokenRefreshed:  true,
	flows.EventRefreshReplayed: true,
}

// auditLog writes security events into a file of its own, one JSON object a line, in the background:
// no request waits for a disk. What cannot be written waits for as long as there is room, is then
// lost, counted and said; the numbers of the lines tell where. A nil one writes nothing.
type auditLog struct {
	log  *zap.Logger
	file *auditFile
	node string
	lost *metrics.Counter

	mu     sync.Mutex
	seq    int64 // of the last event of this node that should be in the file
	queue  chan flows.Event
	losing int64 // events for which there was no room, and nobody was told yet

	again  chan struct{} // open the file anew
	ending chan struct{}
	done   chan struct{}
}

// openAudit opens the configured file, and makes it for who serves; nil where none is configured.
func openAudit(name config.File, log *zap.Logger) (*auditLog, error) {
	if name == "" {
		return nil, nil
	}
	file, err := openAuditFile(string(name), os.O_CREATE)
	if err != nil {
		return nil, err
	}
	return newAuditLog(file, log), nil
}

// auditOfCommand opens the file for one command, where there is one already: a file that the command
// made could be one that the server may not write to. A command is not refused for want of it, as its
// events are on the stream.
func auditOfCommand(cmd *cobra.Command, c *config.Config) *auditLog {
	if c.Log.AuditFile == "" {
		return nil
	}
	file, err := openAuditFile(string(c.Log.AuditFile), 0)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			cmd.PrintErrf("tollgate: log.audit_file: %v; what changes is told by `tollgate events` only\n", err)
		}
		return nil
	}
	return newAuditLog(file, zap.NewNop())
}

func newAuditLog(file *auditFile, log *zap.Logger) *auditLog {
	return &auditLog{
		log: log, file: file, lost: &metrics.Counter{}, queue: make(chan flows.Event, auditQueue),
		again: make(chan struct{}, 1), ending: make(chan struct{}), done: make(chan struct{}),
	}
}

// begin begins to write for a node. A set that is nil counts for nobody.
func (a *auditLog) begin(node string, set *metrics.Set) {
	if a == nil {
		return
	}
	if a.node = node; set != nil {
		a.lost = set.NewCounter("tollgate_audit_dropped_lines_total")
	}
	go a.run()
}

// add takes an event and never waits. Each that belongs into the file has a number, also one that is
// lost.
func (a *auditLog) add(e flows.Event) {
	if a == nil || routineEvents[e.Type] {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seq++
	e.Node, e.Seq = a.node, a.seq
	select {
	case a.queue <- e:
	default:
		a.lost.Inc()
		a.losing++
	}
}

// reopen has the file opened by its name anew: the old one was moved away.
func (a *auditLog) reopen() {
	select {
	case a.again <- struct{}{}:
	default: // it will be
	}
}

// close writes what is left, if the disk takes it in time.
func (a *auditLog) close() {
	if a == nil {
		return
	}
	close(a.ending)
	select {
	case <-a.done:
	case <-time.After(flushTime):
		a.lost.Add(len(a.queue))
		a.log.Error("the audit log hangs; events are lost", zap.Int("events", len(a.queue)))
	}
}

func (a *auditLog) run() {
	defer close(a.done)
	defer a.file.close()
	for {
		select {
		case e := <-a.queue:
			a.insist(a.lines(e))
		case <-a.again:
			a.openAgain()
		case <-a.ending:
			a.finish()
			return
		}
	}
}

// lines makes one write of an event and those that wait behind it.
func (a *auditLog) lines(e flows.Event) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for left := maxAuditBatch; ; left-- {
		if err := encoder.Encode(e); err != nil { // all of it is text and numbers, but a year could be beyond 9999
			a.lost.Inc()
			a.log.Error("an audit event cannot be written", zap.Error(err))
		}
		if left == 1 {
			return out.Bytes()
		}
		select {
		case e = <-a.queue:
		default:
			return out.Bytes()
		}
	}
}

// insist writes until the disk has taken everything, or the log is closed.
func (a *auditLog) insist(lines []byte) {
	rest, err := a.file.write(lines)
	if err == nil {
		a.recovered()
		return
	}
	a.log.Error("the audit log cannot be written", zap.Error(err))
	for err != nil {
		select {
		case <-a.ending:
			a.lose(rest)
			return
		case <-a.again:
		case <-time.After(auditRetry):
		}
		if a.file.open() == nil { // the name may lead to another disk by now
			rest, err = a.file.write(rest)
		}
	}
	a.log.Info("the audit log is written again")
	a.recovered()
}

// finish writes what waits, once.
func (a *auditLog) finish() {
	for {
		select {
		case e := <-a.queue:
			if rest, err := a.file.write(a.lines(e)); err != nil {
				a.lose(rest)
			}
		default:
			return
		}
	}
}

// lose counts lines that nobody will write.
func (a *auditLog) lose(lines []byte) {
	n := bytes.Count(lines, []byte("\n"))
	a.lost.Add(n)
	a.log.Error("audit events are lost", zap.Int("events", n))
}

// recovered says what a full queue has cost.
func (a *auditLog) recovered() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.losing > 0 {
		a.log.Error("audit events are lost", zap.Int64("events", a.losing))
		a.losing = 0
	}
}

func (a *auditLog) openAgain() {
	if err := a.file.open(); err != nil {
		a.log.Error("the audit log cannot be opened again, and stays the file it was", zap.Error(err))
		return
	}
	a.log.Info("the audit log was opened again")
}
