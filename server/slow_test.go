package server

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// serveSlowly serves a handler as Serve does, for so many connections at a time, 0 for any number.
func serveSlowly(t *testing.T, handler fasthttp.RequestHandler, most int, secure bool) (address string) {
	t.Helper()
	return serveBy(t, Config{}, handler, most, secure)
}

// serveBy is serveSlowly with limits of its own.
func serveBy(t *testing.T, cfg Config, handler fasthttp.RequestHandler, most int, secure bool) (address string) {
	t.Helper()
	cfg.Issuer = "https://issuer.example"
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = ln.Addr().String()
	if secure {
		certified := httptest.NewTLSServer(nil)
		certified.Close()
		ln = tls.NewListener(ln, &tls.Config{Certificates: certified.TLS.Certificates})
	}
	w := newWatch()
	ctx, stop := context.WithCancel(t.Context())
	go w.run(ctx)
	public := s.newHTTP(handler)
	public.Concurrency = most
	go public.Serve(watched{ln, w})
	t.Cleanup(func() { ln.Close(); stop() })
	return address
}

// sleepy takes its time, as the query says.
func sleepy(http *fasthttp.RequestCtx) {
	d, _ := time.ParseDuration(string(http.QueryArgs().Peek("d")))
	time.Sleep(d)
	http.SetBodyString(strings.Repeat("x", 500))
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestSlow_BodyBehindManyAnswersIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{"announced": "", "asked for": "Expect: 100-continue\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, serveSlowly(t, sleepy, 0, false))
			io.WriteString(conn, strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 30)+
				"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n"+head+"\r\n")
			conn.SetReadDeadline(time.Now().Add(20 * time.Second))
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("still open: %v", err)
			}
		})
	}
}

func TestSlow_PipelinedAnswersHaveTheirTime(t *testing.T) {
	t.Parallel()
	conn := dial(t, serveSlowly(t, sleepy, 0, false))
	io.WriteString(conn, strings.Repeat("GET /?d=100ms HTTP/1.1\r\nHost: a\r\n\r\n", 70))
	for answers, n := bufio.NewReader(conn), 0; n < 70; n++ {
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("cut off after %d answers: %v", n, err)
		}
		io.Copy(io.Discard, answer.Body)
	}
}

func TestSlow_UploadBehindSlowAnswersHasItsTime(t *testing.T) {
	t.Parallel()
	conn := dial(t, serveSlowly(t, sleepy, 0, false))
	io.WriteString(conn, strings.Repeat("GET /?d=2800ms HTTP/1.1\r\nHost: a\r\n\r\n", 2)+"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
	go func() {
		time.Sleep(5700 * time.Millisecond)
		io.WriteString(conn, "67890")
	}()
	answers := bufio.NewReader(conn)
	for n := range 3 {
		answer, err := http.ReadResponse(answers, nil)
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("answer %d: %v, %v", n, answer, err)
		}
		io.Copy(io.Discard, answer.Body)
	}
}

func TestSlow_MuteTLSConnectionHoldsUpNobody(t *testing.T) {
	t.Parallel()
	address := serveSlowly(t, sleepy, 1, true)
	anyone := &tls.Config{InsecureSkipVerify: true}
	first, err := tls.Dial("tcp", address, anyone)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(first, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	first.Read(make([]byte, 1000))
	dial(t, address) // one too many, who says nothing
	time.Sleep(100 * time.Millisecond)
	first.Close()
	time.Sleep(200 * time.Millisecond)
	begun := time.Now()
	if conn, err := tls.Dial("tcp", address, anyone); err == nil {
		conn.Close()
	}
	if took := time.Since(begun); took > 3*time.Second { // the handshake of the mute one would take 5
		t.Errorf("a handshake waited %v", took)
	}
}

// unread serves answers that are counted in bytes, to a client who has sent so many requests and does
// not read.
func unread(t *testing.T, requests int) (client net.Conn, written *atomic.Int64) {
	t.Helper()
	written = new(atomic.Int64)
	address := serveSlowly(t, func(http *fasthttp.RequestCtx) {
		http.SetBodyString(strings.Repeat("x", 500))
		written.Add(500)
	}, 0, false)
	client = dial(t, address)
	client.(*net.TCPConn).SetReadBuffer(4096)
	io.WriteString(client, strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", requests))
	return client, written
}

func TestSlow_WhatIsNotReadIsNotKept(t *testing.T) {
	t.Parallel()
	client, _ := unread(t, 500) // all of them are read: what is not would end in a reset by itself
	time.Sleep(writeTimeout + 3*time.Second)
	if _, err := io.Copy(io.Discard, client); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after its time the answer ends with %v, want a reset", err)
	}
}

func TestSlow_KernelTakesLittleOfWhatIsNotRead(t *testing.T) {
	t.Parallel()
	_, written := unread(t, 20_000)
	time.Sleep(time.Second)
	if n := written.Load(); n > 8*sendBuffer {
		t.Errorf("%d KiB of answers were taken off us", n>>10)
	}
}
