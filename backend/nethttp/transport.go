package nethttp

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// NewTransport returns a transport tuned for one API host, to be used as it is or
// changed before its first use: a connect limit of 5 s, TLS 1.2 or later with a
// handshake limit of 5 s, HTTP/2 where the server offers it, the proxy from the
// environment, up to 256 idle connections kept for 60 s (net/http's own default
// is 2 a host, which makes concurrent callers reconnect all the time), and
// response headers of at most 64 KiB.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
