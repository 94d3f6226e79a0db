package server

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
)

// maxHops bounds how many forwarded addresses are read; a chain of proxies is shorter.
const maxHops = 16

// addr is who is calling: the peer, or what trusted proxies say; it may be invalid. It is found out
// once, and only where somebody asks.
func (r *request) addr() netip.Addr {
	if !r.client.known {
		r.client.addr, r.client.known = r.clientAddr(), true
	}
	return r.client.addr
}

// clientAddr is the peer, unless the peer is a trusted proxy: then X-Forwarded-For is walked from
// the right, where the nearest proxy wrote, up to the first address that is not trusted. What
// stands left of that was written by the caller and is not read. No other header counts.
func (r *request) clientAddr() netip.Addr {
	peer := peerAddr(r.http.RemoteAddr())
	if !r.s.trusts(peer) {
		return peer
	}
	addr := peer
	lines := r.http.Request.Header.PeekAll("X-Forwarded-For")
	for hops := 0; len(lines) > 0; {
		line := lines[len(lines)-1]
		lines = lines[:len(lines)-1]
		for more := true; more; hops++ {
			var hop []byte
			hop, line, more = cutLast(line)
			next, err := netip.ParseAddr(alias(hop))
			if err != nil || next.Zone() != "" || hops >= maxHops {
				return addr // a trusted hop that does not say for whom: it is the caller
			}
			if addr = next.Unmap(); !r.s.trusts(addr) {
				return addr
			}
		}
	}
	return addr
}

// cutLast splits off the last element of a comma-separated list.
func cutLast(line []byte) (last, rest []byte, more bool) {
	i := bytes.LastIndexByte(line, ',')
	if i < 0 {
		return bytes.Trim(line, " \t"), nil, false
	}
	return bytes.Trim(line[i+1:], " \t"), line[:i], true
}

// trusts reports whether the address belongs to a trusted proxy. By default none does.
func (s *Server) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(s.trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// peerAddr is the address at the other end of the connection; invalid where there is none, as on a
// connection in memory.
func peerAddr(addr net.Addr) netip.Addr {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}
