package redistest

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy is a TCP proxy that breaks what passes it. It begins by passing everything, and ends with
// the test.
type Proxy struct {
	Addr string // where clients connect

	listener net.Listener
	mu       sync.Mutex
	target   string
	delay    time.Duration
	stalled  bool
	drop     []byte // nil: replies pass
	links    map[*link]bool
	dropped  int
}

const (
	// dropWindow is how long requests still reach the server after the first whose reply is
	// dropped, so that one cut takes the replies of many callers.
	dropWindow = 5 * time.Millisecond
	chunk      = 64 << 10
)

// StartProxy stands a proxy before an address.
func StartProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	return StartProxyAt(tb, "127.0.0.1:0", target)
}

// StartProxyAt is StartProxy on an address of the caller's choice.
func StartProxyAt(tb testing.TB, address, target string) *Proxy {
	tb.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		tb.Fatal("start a proxy: ", err)
	}
	p := &Proxy{Addr: listener.Addr().String(), listener: listener, target: target, links: map[*link]bool{}}
	go p.accept()
	tb.Cleanup(p.Close)
	return p
}

// Close ends the proxy and its connections. Its address refuses from then on.
func (p *Proxy) Close() {
	p.listener.Close()
	p.Cut()
}

// Pass ends every fault. Connections that lost bytes are cut: what follows on them would be
// nonsense.
func (p *Proxy) Pass() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay, p.stalled, p.drop = 0, false, nil
	for l := range p.links {
		if l.torn {
			l.close()
		}
	}
}

// Delay lets everything through d later, each way half of it. Nothing queues: it is the wire that
// is long.
func (p *Proxy) Delay(d time.Duration) { p.set(func() { p.delay = d }) }

// Stall accepts connections and swallows what is sent, either way, as a network does that drops
// every packet.
func (p *Proxy) Stall() { p.set(func() { p.stalled = true }) }

// DropReplies lets requests reach the server and cuts the connection in place of the reply, once
// the server has done all that it was sent. Connections on which no request holds these bytes go
// on.
func (p *Proxy) DropReplies(holding string) { p.set(func() { p.drop = []byte(holding) }) }

// Target sends new connections elsewhere.
func (p *Proxy) Target(addr string) { p.set(func() { p.target = addr }) }

// Cut closes every connection.
func (p *Proxy) Cut() {
	p.set(func() {
		for l := range p.links {
			l.close()
		}
	})
}

// Dropped counts the connections that were cut in place of replies.
func (p *Proxy) Dropped() (n int) {
	p.set(func() { n = p.dropped })
	return n
}

func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.connect(client)
	}
}

func (p *Proxy) connect(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.DialTimeout("tcp", target, callTimeout)
	if err != nil {
		client.Close()
		return
	}
	l := &link{proxy: p, client: client.(*net.TCPConn), server: server.(*net.TCPConn)}
	p.set(func() { p.links[l] = true })
	go l.requests()
	l.replies()
	p.set(func() { delete(p.links, l) })
}

// link is one connection through the proxy.
type link struct {
	proxy          *Proxy
	client, server *net.TCPConn
	torn           bool   // bytes were swallowed; guarded by proxy.mu
	doomed         bool   // replies are dropped; guarded by proxy.mu
	tail           []byte // of the requests, where a match may begin; of the pump alone
}

func (l *link) close() {
	l.client.Close()
	l.server.Close()
}

func (l *link) requests() {
	defer l.server.CloseWrite()
	pump(l.client, l.server, func(data []byte) (bool, time.Duration) {
		p := l.proxy
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.drop != nil && !l.doomed {
			l.tail = append(l.tail, data...)
			if bytes.Contains(l.tail, p.drop) {
				l.doomed = true
				p.dropped++
				time.AfterFunc(dropWindow, func() { l.client.CloseRead() }) // then what came is done, then all is closed
			}
			l.tail = append([]byte(nil), l.tail[max(0, len(l.tail)-len(p.drop)):]...)
		}
		l.torn = l.torn || p.stalled
		return !p.stalled, p.delay / 2
	})
}

// replies ends when the server has closed, which it does once it has done all it was sent.
func (l *link) replies() {
	defer l.close()
	pump(l.server, l.client, func([]byte) (bool, time.Duration) {
		p := l.proxy
		p.mu.Lock()
		defer p.mu.Unlock()
		l.torn = l.torn || p.stalled
		return !p.stalled && !l.doomed, p.delay / 2
	})
}

// pump copies until either side ends. judge says of each chunk whether it passes, and how much
// later.
func pump(from, to net.Conn, judge func([]byte) (pass bool, delay time.Duration)) {
	type parcel struct {
		data []byte
		due  time.Time
	}
	road := make(chan parcel, 1024)
	var done sync.WaitGroup
	done.Go(func() {
		for parcel := range road {
			time.Sleep(time.Until(parcel.due))
			if _, err := to.Write(parcel.data); err != nil {
				from.Close()
			}
		}
	})
	buf := make([]byte, chunk)
	for {
		n, err := from.Read(buf)
		if pass, delay := judge(buf[:n]); pass && n > 0 {
			road <- parcel{bytes.Clone(buf[:n]), time.Now().Add(delay)}
		}
		if err != nil {
			close(road)
			done.Wait()
			return
		}
	}
}
