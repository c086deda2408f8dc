package resty_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	libresty "github.com/go-resty/resty/v2"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/resty"
)

// Nil is the tuned default; pusher.Config takes the backend as Backend.
func ExampleNew() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	}))
	defer server.Close()

	b := resty.New(nil)
	defer b.Close()

	call := backend.Call{Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events", Body: []byte("{}")}
	res, err := b.Send(context.Background(), backend.NewRequest(call, &signer{address: server.URL}))
	fmt.Println(res.StatusCode, string(res.Body), err)
	// Output: 200 POST /apps/4/events <nil>
}

// Proxy, certificates and time limits in resty's words. A proxy may need a name and
// a password: "http://user:password@proxy.internal:3128".
func ExampleNew_network() {
	roots, err := x509.SystemCertPool() // or one with the authority of your own server
	if err != nil {
		fmt.Println(err)
		return
	}
	client := libresty.NewWithClient(&http.Client{Transport: nethttp.NewTransport()}).
		SetProxy("http://proxy.internal:3128").
		SetTLSClientConfig(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}).
		SetTimeout(3 * time.Second)
	b := resty.New(client)
	defer b.Close()

	fmt.Println(client.IsProxySet())
	// Output: true
}

// How many connections are kept, and how many there may be, is up to the transport.
func ExampleNew_pool() {
	transport := nethttp.NewTransport()
	transport.MaxIdleConnsPerHost = 64
	transport.MaxConnsPerHost = 64
	transport.IdleConnTimeout = 30 * time.Second
	b := resty.New(libresty.NewWithClient(&http.Client{Transport: transport}))
	defer b.Close()

	fmt.Println(transport.MaxConnsPerHost)
	// Output: 64
}

// Headers and hooks work as ever. They see no signature.
func ExampleNew_hooks() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.Header.Get("X-Region"))
	}))
	defer server.Close()

	client := libresty.New().
		SetHeader("X-Region", "eu").
		OnAfterResponse(func(_ *libresty.Client, r *libresty.Response) error {
			fmt.Println(r.Request.Method, r.RawResponse.Request.URL.RequestURI(), r.StatusCode(), r.String())
			return nil
		})
	b := resty.New(client)
	defer b.Close()

	call := backend.Call{Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events", Body: []byte("{}")}
	_, err := b.Send(context.Background(), backend.NewRequest(call, &signer{address: server.URL}))
	fmt.Println(err)
	// Output:
	// POST /apps/4/events 200 eu
	// <nil>
}
