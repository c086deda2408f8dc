package main

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Doer is what many HTTP libraries, and wrappers of net/http, have in common.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Backend sends requests with any Doer. The Doer must not follow redirects.
type Backend struct{ Doer Doer }

var _ backend.Backend = Backend{}

// Send makes one attempt.
func (b Backend) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	if err := ctx.Err(); err != nil {
		return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	}
	ctx, cancel := req.AttemptContext(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, req.Method(), req.URL(), bytes.NewReader(req.Body()))
	if err != nil {
		return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	}
	// Requests share their header; without GetBody net/http cannot send the body
	// again by itself.
	r.Header, r.GetBody = req.Header().Clone(), nil
	res, err := b.Doer.Do(r)
	if err != nil {
		return backend.Response{}, backend.NewError(req.Op(), backend.DialOutcome(err), err)
	}
	defer res.Body.Close()
	answer, err := backend.ReadBody(res.Body, req.MaxResponseBytes())
	if err != nil {
		return backend.Response{}, backend.NewStatusError(req.Op(), res.StatusCode, err)
	}
	return backend.Response{StatusCode: res.StatusCode, Header: res.Header, Body: answer}, nil
}

// Close closes the Doer or its idle connections, if it can.
func (b Backend) Close() error {
	switch d := b.Doer.(type) {
	case io.Closer:
		return d.Close()
	case interface{ CloseIdleConnections() }:
		d.CloseIdleConnections()
	}
	return nil
}
