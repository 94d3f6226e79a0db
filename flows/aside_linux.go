package flows

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// behind is how much nicer the threads are than the others: at 10 the kernel gives them a tenth of what
	// it gives those where both want a processor, and all of it where nobody else does.
	behind = 10

	// slice is for how long they may keep a processor from who wakes up, the least that the kernel takes.
	// Its own is some milliseconds.
	slice = 100 * time.Microsecond
)

// stepBack puts this thread behind the others, as one that computes and waits for nobody. Where that is not
// allowed, or the kernel knows nothing of slices (before Linux 6.12), it is nicer at least, or stays among them.
func stepBack() {
	nice := behind
	if turned, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid()); err == nil { // 20 less how nice it is
		nice = min(20-turned+behind, 19)
	}
	batch := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: int32(nice), Runtime: uint64(slice)}
	if unix.SchedSetAttr(0, &batch, 0) != nil {
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice)
	}
}
