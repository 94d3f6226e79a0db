package redisx_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"tollgate/redisx"
	"tollgate/redisx/redistest"
)

func TestDurable_IsAcknowledgedOnceReplicasHaveIt(t *testing.T) {
	primary := redistest.Start(t)
	replica := redistest.StartReplica(t, primary)
	c := open(t, redisx.Config{Addresses: []string{primary.Addr}, WaitReplicas: 1, Timeout: timeout})
	patient, err := redisx.Open(redisx.Config{Addresses: []string{primary.Addr}, WaitReplicas: 1, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer patient.Close()
	write := func(c *redisx.Client, key string) error {
		_, err := c.DoDurable(context.Background(), "set", c.B().Set().Key(key).Value("v").Build())
		return err
	}
	count := redisx.NewScript("return redis.call('INCR', KEYS[1])").Durable()
	run := func(c *redisx.Client, key string) error {
		_, err := count.Exec(context.Background(), c, "count", []string{key})
		return err
	}

	t.Run("a replica has what was acknowledged", func(t *testing.T) {
		for _, try := range []func(*redisx.Client, string) error{write, run, run} {
			if err := try(patient, "k"+time.Now().String()); err != nil {
				t.Fatal(err)
			}
		}
		if err := write(patient, "here"); err != nil {
			t.Fatal(err)
		}
		if v := replica.Text(t, "GET", "here"); v != "v" {
			t.Errorf("the replica has %q", v)
		}
	})
	t.Run("many at a time", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if err := run(patient, "many"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := replica.Text(t, "GET", "many"); n != "200" {
			t.Errorf("counted %s on the replica", n)
		}
	})
	t.Run("without the replica the outcome is unknown, in time", func(t *testing.T) {
		replica.Pause()
		for name, try := range map[string]func(*redisx.Client, string) error{"command": write, "script": run} {
			took := fastest(func() time.Duration {
				start := time.Now()
				if err := try(c, "there"); !errors.Is(err, redisx.ErrUnavailable) {
					t.Errorf("%s: %v", name, err)
				}
				return time.Since(start)
			})
			if took > timeout+100*time.Millisecond {
				t.Errorf("%s took %v", name, took)
			}
		}
		if _, err := get(c, "there"); err != nil && err != redisx.ErrNil {
			t.Errorf("reads go on: %v", err)
		}
		replica.Continue()
	})
	t.Run("what is not durable does not wait", func(t *testing.T) {
		replica.Pause()
		defer replica.Continue()
		if err := set(c, "plain", "v"); err != nil {
			t.Error(err)
		}
	})
}
