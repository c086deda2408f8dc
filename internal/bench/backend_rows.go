package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	libresty "github.com/go-resty/resty/v2"
	"github.com/hashicorp/go-retryablehttp"
	libfasthttp "github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/fasthttp"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/resty"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// library is an HTTP stack: the SDK's backend over it, and the library alone.
type library struct {
	name string
	open func() backend.Backend
	bare func(sample) (func() error, io.Closer)
	// own and net are the goals with 8 callers: against the bare library, and
	// against the SDK's nethttp.
	own, net goal
}

func libraries() []library {
	return []library{
		{
			"nethttp",
			openNetHTTP,
			bareNetHTTP,
			goal{ratio: 1.1}, goal{},
		},
		{
			"fasthttp",
			openFastHTTP,
			bareFastHTTP,
			goal{ratio: 1.4, time: 1.2}, goal{ratio: 0.65},
		},
		{
			"resty",
			func() backend.Backend { return resty.New(nil) },
			bareResty,
			goal{ratio: 1.1}, goal{},
		},
		{
			"retryable",
			func() backend.Backend { return retryable.New(nil) },
			bareRetryable,
			goal{ratio: 1.1}, goal{},
		},
	}
}

func openNetHTTP() backend.Backend { return nethttp.New(nil) }

// backendRows compare each backend with its bare library, same transport, timeout
// and headers, sending prebuilt bytes; and with nethttp. Those with one caller are
// shown, not judged.
func backendRows() []row {
	var rows []row
	for _, l := range libraries() {
		for _, callers := range []int{1, 8} {
			own, net := goal{}, goal{}
			if callers == 8 {
				own, net = l.own, l.net
			}
			name := fmt.Sprintf("%s loopback, %d callers", l.name, callers)
			rows = append(rows, looped(name, own, callers, versus(l.open, l.bare)))
			if l.name != "nethttp" {
				rows = append(rows, looped(name+", to nethttp", net, callers, against(l.open, openNetHTTP)))
			}
		}
	}
	return rows
}

// versus compares a backend with a bare client, which posts what the backend does.
func versus(open func() backend.Backend, bare func(sample) (func() error, io.Closer)) func(string) (exchange, error) {
	return func(address string) (exchange, error) {
		s, err := sampleOf(address, func(c *pusher.Client) error { return trigger(c)() })
		if err != nil {
			return exchange{}, err
		}
		client, err := clientAt(address, open())
		if err != nil {
			return exchange{}, err
		}
		floor, closer := bare(s)
		return exchange{subject: trigger(client), floor: floor, closers: []io.Closer{client, closer}}, nil
	}
}

// against compares two backends.
func against(subject, floor func() backend.Backend) func(string) (exchange, error) {
	return func(address string) (exchange, error) {
		a, err := clientAt(address, subject())
		if err != nil {
			return exchange{}, err
		}
		b, err := clientAt(address, floor())
		if err != nil {
			return exchange{}, err
		}
		return exchange{subject: trigger(a), floor: trigger(b), closers: []io.Closer{a, b}}, nil
	}
}

// sample is a request as the SDK sends it, for a bare client to send.
type sample struct {
	url    string
	header http.Header
	body   []byte
}

// sampleOf returns the request of a call.
func sampleOf(address string, call func(*pusher.Client) error) (s sample, err error) {
	client, err := clientAt(address, backend.Func(func(_ context.Context, r backend.Request) (backend.Response, error) {
		s = sample{url: r.URL(), header: r.Header(), body: r.Body()}
		return backend.Response{StatusCode: http.StatusOK, Body: success}, nil
	}))
	if err != nil {
		return s, err
	}
	return s, call(client)
}

func bareNetHTTP(s sample) (func() error, io.Closer) {
	client := &http.Client{Transport: nethttp.NewTransport(), Timeout: pusher.DefaultTimeout}
	send := func() error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url, bytes.NewReader(s.body))
		if err != nil {
			return err
		}
		req.Header = s.header
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		return drain(res.Body)
	}
	return send, idle(client)
}

func bareFastHTTP(s sample) (func() error, io.Closer) {
	client := fasthttp.NewClient()
	client.DisablePathNormalizing = true
	send := func() error {
		req, res := libfasthttp.AcquireRequest(), libfasthttp.AcquireResponse()
		defer libfasthttp.ReleaseRequest(req)
		defer libfasthttp.ReleaseResponse(res)
		req.Header.SetMethod(http.MethodPost)
		req.SetRequestURI(s.url)
		for name, values := range s.header {
			req.Header.Set(name, values[0])
		}
		req.SetBodyRaw(s.body)
		if err := client.DoDeadline(req, res, time.Now().Add(pusher.DefaultTimeout)); err != nil {
			return err
		}
		_ = bytes.Clone(res.Body())
		return nil
	}
	return send, closeFunc(func() error { client.CloseIdleConnections(); return nil })
}

func bareResty(s sample) (func() error, io.Closer) {
	client := libresty.New().SetTransport(nethttp.NewTransport()).SetTimeout(pusher.DefaultTimeout)
	send := func() error {
		req := client.R().SetBody(bytes.NewReader(s.body))
		for name, values := range s.header {
			req.SetHeader(name, values[0])
		}
		_, err := req.Post(s.url)
		return err
	}
	return send, idle(client.GetClient())
}

func bareRetryable(s sample) (func() error, io.Closer) {
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.HTTPClient = &http.Client{Transport: nethttp.NewTransport(), Timeout: pusher.DefaultTimeout}
	send := func() error {
		req, err := retryablehttp.NewRequestWithContext(context.Background(), http.MethodPost, s.url, s.body)
		if err != nil {
			return err
		}
		req.Header = s.header
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		return drain(res.Body)
	}
	return send, idle(client.HTTPClient)
}

func drain(body io.ReadCloser) error {
	defer body.Close()
	_, err := io.ReadAll(body)
	return err
}

func idle(client *http.Client) io.Closer {
	return closeFunc(func() error { client.CloseIdleConnections(); return nil })
}

type closeFunc func() error

func (f closeFunc) Close() error { return f() }
