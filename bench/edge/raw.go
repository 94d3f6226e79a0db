//go:build linux

package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// cost is what an operation takes of a processor.
type cost struct {
	Operations int
	CPU        float64 // seconds
	Seconds    float64
}

// rawCrypto measures one operation of crypto/rsa or crypto/ed25519 on bytes as long as a token's.
func rawCrypto() error {
	var in struct {
		Operation string
		Length    int // of what is signed
		Measure   time.Duration
	}
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	message := make([]byte, in.Length)
	operation, err := cryptoOperation(in.Operation, message)
	if err != nil {
		return err
	}
	c, err := repeat(in.Measure, operation)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(c)
}

func cryptoOperation(name string, message []byte) (func() error, error) {
	switch name {
	case "Ed25519 sign":
		_, key, err := ed25519.GenerateKey(nil)
		return func() error { ed25519.Sign(key, message); return nil }, err
	case "RSA-2048 sign", "RSA-2048 verify":
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		sign := func() ([]byte, error) {
			sum := sha256.Sum256(message)
			return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		}
		if name == "RSA-2048 sign" {
			return func() error { _, err := sign(); return err }, nil
		}
		signature, err := sign()
		return func() error {
			sum := sha256.Sum256(message)
			return rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature)
		}, err
	}
	return nil, errors.New("there is no operation " + name)
}

// repeat runs an operation for so long.
func repeat(lasts time.Duration, operation func() error) (cost, error) {
	before, err := cpuTime(os.Getpid())
	if err != nil {
		return cost{}, err
	}
	c, start := cost{}, time.Now()
	for time.Since(start) < lasts {
		if err := operation(); err != nil {
			return cost{}, err
		}
		c.Operations++
	}
	c.Seconds = time.Since(start).Seconds()
	after, err := cpuTime(os.Getpid())
	c.CPU = (after - before).Seconds()
	return c, err
}

// rawScript rotates refresh tokens as Tollgate's script does, through rueidis and nothing else.
func rawScript() error {
	var in struct {
		Address, Source string
		Callers         int
		Measure         time.Duration
	}
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{in.Address}, DisableCache: true, AlwaysPipelining: true, PipelineMultiplex: -1, ForceSingleClient: true,
	})
	if err != nil {
		return err
	}
	defer client.Close()
	model, err := rotatedFamily(client)
	if err != nil {
		return err
	}
	script := rueidis.NewLuaScript(in.Source)
	var operations atomic.Int64
	stop := make(chan struct{})
	failed := make(chan error, in.Callers)
	var group sync.WaitGroup
	for i := range in.Callers {
		f := &rawFamily{client: client, script: script, id: fmt.Sprintf("raw-%d", i), grant: model["grant"], sealed: model["sealed"]}
		if err := f.create(); err != nil {
			return err
		}
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := f.rotate(); err != nil {
					failed <- err
					return
				}
				operations.Add(1)
			}
		})
	}
	time.Sleep(in.Measure / 5) // the first calls load the script
	begun := operations.Load()
	c, err := repeat(in.Measure, func() error { time.Sleep(in.Measure); return nil })
	c.Operations = int(operations.Load() - begun)
	close(stop)
	group.Wait()
	close(failed)
	return errors.Join(err, <-failed, json.NewEncoder(os.Stdout).Encode(c))
}

// scriptSource is the script that rotates, as the product puts it together.
func scriptSource() (string, error) {
	var all strings.Builder
	for _, name := range []string{"raise.lua", "end_grant.lua", "rotate.lua"} {
		text, err := os.ReadFile(filepath.Join("flows", "store", "redistore", name))
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}

// rotatedFamily is the record of a family that Tollgate rotated before, so that ours are as long.
func rotatedFamily(client rueidis.Client) (map[string]string, error) {
	ctx := context.Background()
	for cursor := uint64(0); ; {
		page, err := client.Do(ctx, client.B().Scan().Cursor(cursor).Match("*:family:{*}").Count(1000).Build()).AsScanEntry()
		if err != nil {
			return nil, err
		}
		for _, key := range page.Elements {
			if f, err := client.Do(ctx, client.B().Hgetall().Key(key).Build()).AsStrMap(); err != nil || f["sealed"] != "" {
				return f, err
			}
		}
		if cursor = page.Cursor; cursor == 0 {
			return nil, errors.New("no refresh token was rotated")
		}
	}
}

// rawFamily is what one caller rotates.
type rawFamily struct {
	client            rueidis.Client
	script            *rueidis.Lua
	id, grant, sealed string
	n                 int
}

// hash is what stands for the nth refresh token.
func (f *rawFamily) hash(n int) string {
	sum := sha256.Sum256([]byte(f.id + strconv.Itoa(n)))
	return string(sum[:])
}

func (f *rawFamily) create() error {
	expires := strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10)
	for _, cmd := range []rueidis.Completed{
		f.client.B().Hset().Key("raw:family:{"+f.id+"}").FieldValue().FieldValue("client", "demo-web").
			FieldValue("expires", expires).FieldValue("grant", f.grant).FieldValue("current", f.hash(0)).Build(),
		f.client.B().Expire().Key("raw:family:{" + f.id + "}").Seconds(3600).Build(),
	} {
		if err := f.client.Do(context.Background(), cmd).Error(); err != nil {
			return err
		}
	}
	return nil
}

func (f *rawFamily) rotate() error {
	reply, err := f.script.Exec(context.Background(), f.client,
		[]string{"raw:family:{" + f.id + "}", "raw:revoked:grant:{" + f.id + "}", "raw:code:{" + f.id + "}"},
		[]string{f.hash(f.n), "demo-web", f.hash(f.n + 1), f.sealed, strconv.FormatInt(time.Now().UnixMilli(), 10), "10000", "3600000", ""}).ToArray()
	if err != nil {
		return err
	}
	if word, _ := reply[0].ToString(); word != "ok" {
		return errors.New("the script says " + word)
	}
	f.n++
	return nil
}
