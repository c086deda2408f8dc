package fasthttp

import (
	"crypto/tls"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpproxy"
)

// dialTimeout bounds what does not end with the call: connecting, a proxy's
// answer, and the TLS handshake. The client's own dialers have their own limits.
const dialTimeout = 5 * time.Second

// What [NewClient] sets.
const (
	idleTimeout     = 30 * time.Second
	readBufferSize  = 64 << 10
	writeBufferSize = 16 << 10
)

// NewClient returns a client tuned for one API host, a new one each time, to be
// handed to [New] as it is or changed before: IPv4 and IPv6, limits of 5 s each for
// connecting, a proxy's answer and the TLS handshake, TLS 1.2 or later, the proxy
// from the environment, up to 512 connections a host, of which idle ones are kept
// for 30 s and the one used last is used first, and callers who wait for a
// connection while all are in use, as long as their own deadline allows. Each
// request on its way has a buffer of 16 KiB while it is written and one of 64 KiB
// from then on, which is also as large as the head of an answer may be.
//
// The proxy is what HTTP_PROXY, HTTPS_PROXY and NO_PROXY name, also in lower
// case, as fasthttpproxy understands them: http, socks5 and socks5h, and both
// http and https targets through a CONNECT tunnel. To dial otherwise, set Dial or
// DialTimeout: the proxy is then theirs to use.
func NewClient() *fasthttp.Client {
	return &fasthttp.Client{
		ConfigureClient:     dialThroughEnvironment,
		TLSConfig:           &tls.Config{MinVersion: tls.VersionTLS12},
		MaxConnsPerHost:     fasthttp.DefaultMaxConnsPerHost,
		MaxIdleConnDuration: idleTimeout,
		MaxConnWaitTimeout:  maxAttempt,
		ConnPoolStrategy:    fasthttp.LIFO,
		ReadBufferSize:      readBufferSize,
		WriteBufferSize:     writeBufferSize,
		DialDualStack:       true,
	}
}

// dialThroughEnvironment is a ConfigureClient, since which proxy serves a host
// depends on whether it speaks TLS.
func dialThroughEnvironment(hc *fasthttp.HostClient) error {
	if hc.Dial != nil || hc.DialTimeout != nil {
		return nil
	}
	dialer := &fasthttpproxy.Dialer{
		TCPDialer:      fasthttp.TCPDialer{DisableDNSResolution: true},
		DialDualStack:  hc.DialDualStack,
		Timeout:        dialTimeout,
		ConnectTimeout: dialTimeout,
	}
	dial, err := dialer.GetDialFuncForTLS(true, hc.IsTLS)
	hc.Dial = dial
	return err
}
