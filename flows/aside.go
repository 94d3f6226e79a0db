package flows

import "runtime"

// Work of a millisecond, such as an RSA signature, is done aside: on threads that the kernel puts
// behind the others. A check of a token that comes in takes its processor at once then, and not at
// the end of its slice, which is several milliseconds where all processors are busy.
//
// It does not pay where there is one processor for all of Go: who holds that, holds everybody up.

// helpers are threads that wait for work. There are as many as there was work at a time.
var helpers = make(chan *helper, 64)

// helper is one goroutine, on a thread of its own.
type helper struct {
	work chan func()
	done chan any // what it panicked with, or nil
}

// aside runs work on such a thread, and returns when it is done.
func aside(work func()) {
	if runtime.GOMAXPROCS(0) == 1 {
		work()
		return
	}
	var h *helper
	select {
	case h = <-helpers:
	default:
		h = &helper{make(chan func()), make(chan any)}
		go h.run()
	}
	h.work <- work
	panicked := <-h.done
	select {
	case helpers <- h:
	default:
		close(h.work)
	}
	if panicked != nil {
		panic(panicked) // where somebody recovers
	}
}

func (h *helper) run() {
	runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
	stepBack()
	for work := range h.work {
		h.done <- panicOf(work)
	}
}

// panicOf runs work and returns what it panicked with.
func panicOf(work func()) (p any) {
	defer func() { p = recover() }()
	work()
	return nil
}
