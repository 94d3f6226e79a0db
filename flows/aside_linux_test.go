package flows

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAside_IsBehindTheOthers(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	nice := func() int {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		n, err := unix.Getpriority(unix.PRIO_PROCESS, unix.Gettid())
		if err != nil {
			t.Error(err)
		}
		return 20 - n // the call gives it turned round
	}
	var there int
	aside(func() { there = nice() })
	if here := nice(); there < here+behind && there != 19 {
		t.Errorf("nice %d aside, %d here", there, here)
	}
}
