package flows

import (
	"errors"
	"testing"
	"time"
)

func TestValidate_AClockThatIsSetBackAllowsNothingLonger(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.AllowStale = 10 * time.Second; c.AccessTTL = 3 * time.Hour })
	tok := w.accessToken()
	if err := w.validate(tok); err != nil {
		t.Fatal(err)
	}
	w.broken.fail(errors.New("connection lost"))
	w.pass(-time.Hour)       // the clock is set back
	w.pass(50 * time.Minute) // and fifty minutes go by
	if err := w.validate(tok); err == nil {
		t.Error("accepted fifty minutes after the store was lost, allow_for is 10 s")
	}
}
