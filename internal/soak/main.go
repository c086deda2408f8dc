// Command soak sends 200,000 events through each backend to a server that fails
// one request in twenty, and fails unless memory stays bounded, no goroutine is
// left, and what the server accepted agrees with what the callers were told.
//
//	go run ./internal/soak                          # every backend, some minutes
//	go run ./internal/soak -run fasthttp -events 20000
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/fasthttp"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/resty"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
)

// backends are opened afresh for each soak.
var backends = []struct {
	name string
	open func() backend.Backend
}{
	{"nethttp", func() backend.Backend { return nethttp.New(nil) }},
	{"fasthttp", func() backend.Backend { return fasthttp.New(nil) }},
	{"resty", func() backend.Backend { return resty.New(nil) }},
	{"retryable", func() backend.Backend { return retryable.New(nil, backend.RetryPolicy{MinBackoff: -1, MaxBackoff: -1}) }},
}

func main() {
	var (
		serving = flag.Bool("serve", false, "internal: be the server")
		events  = flag.Int("events", 200_000, "events through each backend, after a tenth of them to warm up")
		callers = flag.Int("callers", 16, "goroutines that send")
		only    = flag.String("run", "", "only the backends whose names match this `regexp`")
	)
	flag.Parse()
	var err error
	if *serving {
		err = serve(os.Stdin, os.Stdout)
	} else {
		err = soak(os.Stdout, *only, load{events: *events, callers: *callers})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// soak goes through the backends that match and prints a line for each.
func soak(out io.Writer, only string, l load) (err error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	s, err := startServer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	fmt.Fprintf(out, "%d events a backend, %d callers, %d%% of requests fail\n", l.events, l.callers, faultPercent)
	var failures []error
	for _, b := range backends {
		if !match.MatchString(b.name) {
			continue
		}
		r, err := l.run(s, b.open())
		fmt.Fprintf(out, "%-10s %s\n", b.name, r)
		if err = errors.Join(err, r.judge()); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", b.name, err))
		}
	}
	return errors.Join(failures...)
}
