package nethttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

// signer stands in for the client's.
type signer struct{ host string }

func (s signer) SignedURL(call backend.Call, _ backend.BodyMD5) string {
	return s.host + call.Path + "?auth_signature=…"
}

// The backend keeps the client's settings; pusher.Config takes it as Backend.
func ExampleNew() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	}))
	defer server.Close()

	b := nethttp.New(&http.Client{Timeout: 3 * time.Second})
	defer b.Close()

	call := backend.Call{Op: "trigger", Method: http.MethodPost, Path: "/apps/4/events", Body: []byte("{}")}
	res, err := b.Send(context.Background(), backend.NewRequest(call, signer{server.URL}))
	fmt.Println(res.StatusCode, string(res.Body), err)
	// Output: 200 POST /apps/4/events <nil>
}

// Start from the tuned transport and change what differs.
func ExampleNewTransport() {
	transport := nethttp.NewTransport()
	transport.MaxConnsPerHost = 32
	b := nethttp.New(&http.Client{Transport: transport})
	defer b.Close()

	fmt.Println(transport.MaxIdleConnsPerHost)
	// Output: 256
}
