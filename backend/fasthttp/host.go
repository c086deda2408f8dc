package fasthttp

import (
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
)

// hostKey tells hosts apart as fasthttp does.
type hostKey struct {
	tls  bool
	name string
}

// host is what the backend keeps for one host.
type host struct {
	client       *fasthttp.HostClient
	pool         *pool
	userAgent    string
	writeTimeout time.Duration
}

// newHost makes the HostClient that client would make for itself, which is not
// to be had from it without sending. Of the settings that it changes, the doc of
// the package says why.
func newHost(client *fasthttp.Client, key hostKey) (*host, error) {
	hc := &fasthttp.HostClient{
		Addr:                     fasthttp.AddMissingPort(key.name, key.tls),
		IsTLS:                    key.tls,
		Transport:                client.Transport,
		Name:                     client.Name,
		NoDefaultUserAgentHeader: client.NoDefaultUserAgentHeader,
		Dial:                     client.Dial,
		DialTimeout:              client.DialTimeout,
		DialDualStack:            client.DialDualStack,
		TLSConfig:                client.TLSConfig,
		MaxConns:                 client.MaxConnsPerHost,
		MaxIdleConnDuration:      client.MaxIdleConnDuration,
		MaxConnDuration:          client.MaxConnDuration,
		ReadBufferSize:           client.ReadBufferSize,
		WriteBufferSize:          client.WriteBufferSize,
		ReadTimeout:              client.ReadTimeout,
		WriteTimeout:             client.WriteTimeout,
		MaxResponseBodySize:      client.MaxResponseBodySize,
		MaxConnWaitTimeout:       client.MaxConnWaitTimeout,
		RetryIf:                  client.RetryIf, //nolint:staticcheck // deprecated, but a setting of the user's
		RetryIfErr:               client.RetryIfErr,
		RetryIfErrUpstream:       client.RetryIfErrUpstream,
		ConnPoolStrategy:         client.ConnPoolStrategy,
	}
	if client.ConfigureClient != nil {
		if err := client.ConfigureClient(hc); err != nil {
			return nil, err
		}
	}
	hc.DisablePathNormalizing = true
	hc.DisableHeaderNamesNormalizing = false
	hc.MaxIdemponentCallAttempts = 1
	hc.StreamResponseBody = false
	if hc.Transport != nil && hc.MaxResponseBodySize <= 0 {
		hc.MaxResponseBodySize = backend.DefaultMaxResponseBytes
	}
	if hc.Dial == nil && hc.DialTimeout == nil {
		hc.DialTimeout = dialer(hc.DialDualStack)
	}
	p, err := newPool(hc)
	if err != nil {
		return nil, err
	}
	writeTimeout := hc.WriteTimeout
	if hc.Transport == nil {
		hc.WriteTimeout = 0 // or fasthttp would shake hands while it dials
	}
	h := &host{client: hc, pool: p, userAgent: hc.Name, writeTimeout: writeTimeout}
	if h.userAgent == "" && !hc.NoDefaultUserAgentHeader {
		h.userAgent = "fasthttp"
	}
	return h, nil
}

// dialer returns fasthttp's dialer without its cache of addresses, which leaves a
// goroutine behind for two minutes.
func dialer(dualStack bool) fasthttp.DialFuncWithTimeout {
	tcp := &fasthttp.TCPDialer{DisableDNSResolution: true}
	dial := tcp.DialTimeout
	if dualStack {
		dial = tcp.DialDualStackTimeout
	}
	return func(addr string, timeout time.Duration) (net.Conn, error) {
		return dial(addr, min(timeout, dialTimeout))
	}
}

// within returns the earlier of end and d from now, if d is a limit.
func within(end time.Time, d time.Duration) time.Time {
	if d > 0 {
		if t := time.Now().Add(d); t.Before(end) {
			return t
		}
	}
	return end
}
