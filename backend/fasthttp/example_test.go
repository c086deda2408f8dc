package fasthttp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpproxy"

	"github.com/seed-588517f9/pusher-go/backend"
	pusherfasthttp "github.com/seed-588517f9/pusher-go/backend/fasthttp"
)

// signer stands in for the client's.
type signer struct{ host string }

func (s signer) SignedURL(call backend.Call, _ backend.BodyMD5) string {
	return s.host + call.Path + "?auth_signature=…"
}

// The backend takes over a client of fasthttp's, or nil for the tuned one;
// pusher.Config takes it as Backend.
func ExampleNew() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	}))
	defer server.Close()

	b := pusherfasthttp.New(nil)
	defer b.Close()

	call := backend.Call{Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events", Body: []byte("{}")}
	res, err := b.Send(context.Background(), backend.NewRequest(call, signer{server.URL}))
	fmt.Println(res.StatusCode, string(res.Body), err)
	// Output: 200 POST /apps/4/events <nil>
}

// Start from the tuned client and change what differs.
func ExampleNewClient() {
	client := pusherfasthttp.NewClient()
	client.Name = "chat/2.1"
	b := pusherfasthttp.New(client)
	defer b.Close()

	fmt.Println(client.MaxConnsPerHost, client.MaxIdleConnDuration)
	// Output: 512 30s
}

// Without more the proxy of the environment is used. A proxy of one's own is a
// dialer. This one tunnels https; GetDialFuncForTLS is told so. With
// DisableDNSResolution no goroutine of the dialer's outlives Close.
func ExampleNew_proxy() {
	dialer := fasthttpproxy.Dialer{
		TCPDialer:      fasthttp.TCPDialer{DisableDNSResolution: true},
		Timeout:        5 * time.Second,
		ConnectTimeout: 5 * time.Second,
	}
	dialer.HTTPSProxy = "http://proxy.internal:3128"
	dial, err := dialer.GetDialFuncForTLS(false, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := pusherfasthttp.NewClient()
	client.Dial = dial
	b := pusherfasthttp.New(client)
	defer b.Close()

	fmt.Println(client.Dial != nil)
	// Output: true
}

// A private authority, and a certificate of the client's own.
func ExampleNew_tls() {
	authorities := x509.NewCertPool()

	client := pusherfasthttp.NewClient()
	client.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: authorities}
	b := pusherfasthttp.New(client)
	defer b.Close()

	fmt.Println(tls.VersionName(client.TLSConfig.MinVersion))
	// Output: TLS 1.3
}

// Limits within the request's own, which pusher.Config.Timeout sets: for
// connecting, for sending the request, and for the answer.
func ExampleNew_timeouts() {
	client := pusherfasthttp.NewClient()
	client.DialTimeout = func(address string, limit time.Duration) (net.Conn, error) {
		return net.DialTimeout("tcp", address, min(limit, 2*time.Second))
	}
	client.WriteTimeout = time.Second
	client.ReadTimeout = 3 * time.Second
	b := pusherfasthttp.New(client)
	defer b.Close()

	fmt.Println(client.WriteTimeout + client.ReadTimeout)
	// Output: 4s
}

// At most 32 connections, for whichever calls came first; who gets none within a
// second fails. None is used for more than 5 minutes, so that new addresses of the
// host are found.
func ExampleNew_pool() {
	client := pusherfasthttp.NewClient()
	client.MaxConnsPerHost = 32
	client.MaxConnWaitTimeout = time.Second
	client.MaxIdleConnDuration = 20 * time.Second
	client.MaxConnDuration = 5 * time.Minute
	client.ConnPoolStrategy = fasthttp.LIFO
	b := pusherfasthttp.New(client)
	defer b.Close()

	fmt.Println(client.MaxConnsPerHost)
	// Output: 32
}
