//go:build linux

package main

import (
	"encoding/json"
	"os"

	"github.com/valyala/fasthttp"
)

// bareAnswer is what a bare server says to everybody: an answer of Tollgate's.
type bareAnswer struct {
	Listen  string
	Status  int
	Type    string
	Headers [][2]string // without Content-Type, Content-Length and Date, which fasthttp writes
	Body    string
}

// bare serves nothing but one answer, with the server's settings as fasthttp has them.
func bare() error {
	var a bareAnswer
	if err := json.NewDecoder(os.Stdin).Decode(&a); err != nil {
		return err
	}
	var names, values [][]byte
	for _, header := range a.Headers {
		names, values = append(names, []byte(header[0])), append(values, []byte(header[1]))
	}
	body, kind := []byte(a.Body), []byte(a.Type)
	s := &fasthttp.Server{NoDefaultServerHeader: true, NoDefaultContentType: true, Handler: func(ctx *fasthttp.RequestCtx) {
		h := &ctx.Response.Header
		for i, name := range names {
			h.SetCanonical(name, values[i])
		}
		if len(kind) > 0 {
			h.SetContentTypeBytes(kind)
		}
		ctx.Response.SetStatusCode(a.Status)
		ctx.Response.SetBodyRaw(body)
	}}
	return s.ListenAndServe(a.Listen)
}
