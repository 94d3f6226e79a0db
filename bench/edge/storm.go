//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"
)

const (
	pacedRate        = 500 // validations a second, beside the storm
	stormConnections = 192
	stormLasts       = 2 * time.Second        // each time: ten answers are beyond p99
	stormLead        = 400 * time.Millisecond // before and after what is measured
)

// addStorm asks for more RS256 tokens than both cores can sign, and looks at what becomes of
// validation beside it. The server has both cores, and shares them with the load: on one core a
// validation waits behind a signature whatever the server does.
func (c *comparison) addStorm() error {
	c.apart()
	n, err := c.startNodeOn(bothCores, c.tollgate, "tollgate-storm")
	if err != nil {
		return err
	}
	tok, err := n.token()
	if err != nil {
		return err
	}
	ask := get(n.address, "/validate", tok)
	paced := func() (sample, error) {
		var f found
		profiled := c.profile(n.server, stormLasts)
		err := part(bothCores, "generate", &job{
			Address: n.address, PID: n.pid, Connections: connections, Requests: [][]byte{ask}, Status: "200", PerSecond: pacedRate,
			Warm: c.span / 5, Measure: stormLasts,
		}, &f)
		err = errors.Join(err, <-profiled)
		if err == nil && (f.Wrong > 0 || f.Requests == 0) {
			err = fmt.Errorf("%d answers, %d wrong, such as %s", f.Requests, f.Wrong, f.Sample)
		}
		return sample{PerSecond: float64(f.Requests) / f.Seconds, P50: f.P50, P99: f.P99, Busy: 100 * f.CPU / f.Seconds}, err
	}
	about := fmt.Sprintf("%d a second, whatever is answered; the server has both cores, and so has the load", pacedRate)
	c.add(validatePaced, about, paced)
	c.add(besideStorm, about+", which asks for signatures from "+fmt.Sprint(stormConnections)+" connections besides", func() (sample, error) {
		storm := make(chan error, 1)
		var f found
		go func() {
			storm <- part(bothCores, "generate", &job{
				Address: n.address, PID: n.pid, Connections: stormConnections, Status: "200", Contains: `"access_token"`, Shed: true, Sleep: true,
				Requests: [][]byte{post(n.address, "/token", serviceID, serviceSecret, clientCredentials)},
				Warm:     stormLead, Measure: stormLasts + stormLead,
			}, &f)
		}()
		time.Sleep(stormLead)
		s, err := paced()
		if failed := <-storm; err == nil {
			err = failed
		}
		if err == nil && f.Wrong > 0 {
			err = fmt.Errorf("%d wrong answers to the storm, such as %s", f.Wrong, f.Sample)
		}
		s.Signed, s.Offered = float64(f.Requests)/f.Seconds, float64(f.Requests+f.Shed)/f.Seconds
		return s, err
	})
	return nil
}
