package flows

import "golang.org/x/sys/unix"

// behind is how nice the threads are: at 10 the kernel gives them a tenth of what it gives the others
// where both want a processor, and all of it where nobody else does.
const behind = 10

// stepBack puts this thread behind the others. Where that is not allowed, it stays among them.
func stepBack() { _ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), behind) }
