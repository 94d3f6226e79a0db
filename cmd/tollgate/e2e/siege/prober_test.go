//go:build siege

package siege

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// Good requests are sent by a process of their own: ours has thousands of connections to look after, and
// what it is late with is not the node's fault.
const (
	proberHost      = "SIEGE_PROBER_HOST" // makes this binary the prober
	proberToken     = "SIEGE_PROBER_TOKEN"
	probesPerSecond = 200
	baselineTime    = 10 * time.Second
)

// probe is the prober: a good request on a connection of its own, as one gateway more would send it, time
// after time until standard input ends. Then it prints how many there were, how many nanoseconds the
// slowest of a hundred took, and what went wrong.
func probe(host, token string) {
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	request := fmt.Sprintf("GET /validate HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", host, token)
	var took []time.Duration
	wrong := 0
	tick := time.NewTicker(time.Second / probesPerSecond)
	for {
		select {
		case <-ended:
			slices.Sort(took)
			p99 := took[len(took)*99/100]
			fmt.Println(len(took), p99.Nanoseconds(), wrong)
			return
		case <-tick.C:
		}
		start := time.Now()
		if s, err := dialStopwatch(host); err != nil {
			wrong++
		} else {
			if _, status, err := s.time(request); err != nil || status != 200 {
				wrong++
			}
			s.close()
		}
		took = append(took, time.Since(start))
	}
}

// beside has good requests sent until stop is called, which returns how long the slowest of a hundred took,
// and how many there were. One that fails, fails the test.
func (p place) beside(t *testing.T) (stop func() (p99 time.Duration, count int)) {
	t.Helper()
	prober := exec.Command(os.Args[0], "-test.run=^$")
	prober.Env = append(os.Environ(), proberHost+"="+p.host, proberToken+"="+p.token)
	prober.Stderr = os.Stderr
	in, err := prober.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := prober.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := prober.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (p99 time.Duration, count int) {
		time.Sleep(time.Second / probesPerSecond)
		in.Close()
		line, _ := bufio.NewReader(out).ReadString('\n')
		prober.Wait()
		var wrong int
		if _, err := fmt.Sscan(strings.TrimSpace(line), &count, &p99, &wrong); err != nil || count == 0 || wrong > 0 {
			t.Errorf("good requests: %q %v, %d of %d failed", line, err, wrong, count)
		}
		return p99, count
	}
}

// baseline is p99 of good requests while nothing else happens.
func (p place) baseline(t *testing.T) time.Duration {
	t.Helper()
	stop := p.beside(t)
	time.Sleep(baselineTime)
	p99, _ := stop()
	return p99
}

// during is p99 of good requests beside an attack, and how many there were.
func (p place) during(t *testing.T, attack func()) (p99 time.Duration, count int) {
	t.Helper()
	stop, release := p.beside(t), standBack(t)
	attack()
	release()
	return stop()
}
