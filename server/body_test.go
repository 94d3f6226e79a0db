package server

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// echo answers with the body.
func echo(http *fasthttp.RequestCtx) { http.SetBody(http.PostBody()) }

// post is a request with a body of so many bytes, none of them like the next.
func post(path string, size int) (head, body string) {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", path, size), b.String()[:size]
}

// answered reads one answer.
func answered(t *testing.T, r *bufio.Reader) (status int, body string) {
	t.Helper()
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(all)
}

func TestBody_LongOnesComeWholeAndInOrder(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		address := serveSlowly(t, echo, 0, secure)
		for _, size := range []int{16<<10 - 1, 16 << 10, 16<<10 + 1, 40_000, 64 << 10} {
			for _, pieces := range []int{1, 2, 7} {
				t.Run(fmt.Sprintf("%d bytes in %d pieces, TLS %t", size, pieces, secure), func(t *testing.T) {
					t.Parallel()
					conn := dial(t, address)
					if secure {
						conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
					}
					head, body := post("/", size)
					sent := strings.Repeat(head+body, 2) // pipelined: the second's beginning is not the first's end
					go func() {
						for len(sent) > 0 {
							n := min(len(sent), 2*(len(head)+size)/pieces+1)
							io.WriteString(conn, sent[:n])
							sent = sent[n:]
							time.Sleep(5 * time.Millisecond)
						}
					}()
					r := bufio.NewReader(conn)
					for range 2 {
						if status, got := answered(t, r); status != 200 || got != body {
							t.Fatalf("answered %d with %d bytes of %d", status, len(got), len(body))
						}
					}
				})
			}
		}
	}
}

func TestBody_BrokenOffIsAnswered(t *testing.T) {
	t.Parallel()
	address := serveSlowly(t, echo, 0, false)
	for _, sent := range []int{0, 1000, 20_000, 59_999} {
		for name, end := range map[string]func(net.Conn){
			"ended":   func(conn net.Conn) { conn.(*net.TCPConn).CloseWrite() },
			"waiting": func(net.Conn) {},
		} {
			t.Run(fmt.Sprintf("%d bytes of 60000, %s", sent, name), func(t *testing.T) {
				t.Parallel()
				conn := dial(t, address)
				head, body := post("/", 60_000)
				io.WriteString(conn, head+body[:sent])
				end(conn)
				want := map[string]int{"ended": 400, "waiting": 408}[name]
				r := bufio.NewReader(conn)
				if status, _ := answered(t, r); status != want {
					t.Errorf("answered %d, want %d", status, want)
				}
				if _, err := r.ReadByte(); err != io.EOF {
					t.Errorf("after it: %v", err)
				}
			})
		}
	}
}

// Ten thousand clients may announce half a megabyte each, and not send it.
func TestBody_AnnouncedOnesTakeLittleMemory(t *testing.T) {
	const clients, announced = 200, 512 << 10
	head, _ := post(batchPath, announced)
	for name, c := range map[string]struct {
		head string
		most int
	}{
		"by HTTP/1.1":                       {head, 64 << 10},
		"by HTTP/1.0, whose Expect is none": {strings.Replace(head, "1.1\r\n", "1.0\r\nExpect: 100-continue\r\n", 1), 64 << 10},
		"in a chunk":                        {fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", maxChunked), maxChunked + 32<<10},
	} {
		t.Run(name, func(t *testing.T) {
			address := serveSlowly(t, echo, 0, false)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for range clients {
				io.WriteString(dial(t, address), c.head)
			}
			time.Sleep(500 * time.Millisecond)
			runtime.GC()
			runtime.ReadMemStats(&after)
			if each := (int(after.HeapAlloc) - int(before.HeapAlloc)) / clients; each > c.most {
				t.Errorf("each takes %d KiB", each>>10)
			}
		})
	}
}

func TestBody_LongOnesAreNotTakenInEveryWay(t *testing.T) {
	t.Parallel()
	address := serveSlowly(t, echo, 0, false)
	_, body := post("", 100_000)
	chunks := "POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
	expecting := "POST %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
	for name, c := range map[string]struct {
		raw    string
		status int
	}{
		"a batch of 100 KB":              {fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", batchPath, len(body), body), 200},
		"a batch of 60 KB in a chunk":    {fmt.Sprintf(chunks, batchPath, 60_000, body[:60_000]), 200},
		"a batch of 100 KB in a chunk":   {fmt.Sprintf(chunks, batchPath, len(body), body), 413},
		"a batch of 20 KB, expecting":    {fmt.Sprintf(expecting, batchPath, 20_000), 417},
		"a form of 20 KB, expecting":     {fmt.Sprintf(expecting, "/token", 20_000), 417},
		"a form of 20 KB, Expecting":     {fmt.Sprintf(strings.Replace(expecting, "continue", "Continue", 1), "/token", 20_000), 417},
		"a form of 100 KB, expecting":    {fmt.Sprintf(expecting, "/token", 100_000), 413},
		"a form of 10 KB, expecting":     {fmt.Sprintf(expecting, "/token", 10_000), 100},
		"a form of 20 KB, expecting 'x'": {fmt.Sprintf(strings.Replace(expecting, "100-continue", "x", 1), "/token", 20_000) + body[:20_000], 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, address)
			io.WriteString(conn, c.raw)
			conn.SetReadDeadline(time.Now().Add(readTimeout / 2)) // what is refused is not waited for
			if line, _, err := bufio.NewReader(conn).ReadLine(); err != nil || !strings.HasPrefix(string(line), fmt.Sprintf("HTTP/1.1 %d ", c.status)) {
				t.Errorf("answered %q, %v, want %d", line, err, c.status)
			}
		})
	}
}

func TestBody_TooLargeIsNotAskedForWhereHeadersMayBeLarger(t *testing.T) {
	t.Parallel()
	conn := dial(t, serveBy(t, Config{MaxHeader: 128 << 10}, echo, 0, false))
	io.WriteString(conn, "POST /token HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n")
	if status, _ := answered(t, bufio.NewReader(conn)); status != 413 {
		t.Errorf("answered %d", status)
	}
}

// A chunk is given its memory when it is announced.
func TestBody_InChunksIsSmallWhereOthersMayBeLarge(t *testing.T) {
	t.Parallel()
	address := serveBy(t, Config{MaxBody: 1 << 20}, echo, 0, false)
	head, body := post("/token", 100_000)
	chunk := "POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
	for raw, want := range map[string]int{
		head + body: 200,
		fmt.Sprintf(chunk, maxChunked, body[:maxChunked]): 200,
		fmt.Sprintf(chunk, len(body), body):               413,
	} {
		conn := dial(t, address)
		io.WriteString(conn, raw)
		if status, _ := answered(t, bufio.NewReader(conn)); status != want {
			t.Errorf("%.90q: answered %d, want %d", raw, status, want)
		}
	}
}
