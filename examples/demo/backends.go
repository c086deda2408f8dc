package main

import (
	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/fasthttp"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/resty"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
)

// backends is every HTTP stack that the SDK can send with, each as its package
// tunes it. The first one's run is shown in full.
var backends = []struct {
	name string
	open func() backend.Backend
}{
	{"nethttp", func() backend.Backend { return nethttp.New(nil) }},
	{"fasthttp", func() backend.Backend { return fasthttp.New(nil) }},
	{"resty", func() backend.Backend { return resty.New(nil) }},
	{"retryable", func() backend.Backend { return retryable.New(nil) }},
}
