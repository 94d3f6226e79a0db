package flows

import "golang.org/x/sys/unix"

// behind is how much nicer the threads are than the others: at 10 the kernel gives them a tenth of what
// it gives those where both want a processor, and all of it where nobody else does.
const behind = 10

// stepBack puts this thread behind the others. Where that is not allowed, it stays among them.
func stepBack() {
	thread := unix.Gettid()
	if turned, err := unix.Getpriority(unix.PRIO_PROCESS, thread); err == nil { // 20 less how nice it is
		_ = unix.Setpriority(unix.PRIO_PROCESS, thread, min(20-turned+behind, 19))
	}
}
