// Package load calls a server again and again and measures how long it takes to answer. It owns the
// loops, the histogram and an HTTP client that costs little. What is called, and what a right answer
// is, the caller says; it knows no OAuth.
//
//	callers -> Run (closed loop: one after the other; open loop: at fixed moments) -> Result
//
// In the open loop a request that could not be sent at its moment, because every caller still waited
// for an answer, is late from that moment on: a server that hangs for a second shows in the
// percentiles as one that hung (coordinated omission).
package load
