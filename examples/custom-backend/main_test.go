package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/backendtest"
)

func TestBackend(t *testing.T) {
	t.Parallel()
	backendtest.Run(t,
		func(testing.TB) backend.Backend { return Backend{newClient(&http.Transport{})} },
		backendtest.WithTLS(func(_ testing.TB, roots *x509.CertPool) backend.Backend {
			return Backend{newClient(&http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}})}
		}),
		backendtest.WithProxy(func(_ testing.TB, proxy *url.URL) backend.Backend {
			return Backend{newClient(&http.Transport{Proxy: http.ProxyURL(proxy)})}
		}),
	)
}

func TestRun(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if want := "after 1 request the server has my-event on my-channel: hello\n"; out.String() != want {
		t.Fatalf("printed %q, want %q", out.String(), want)
	}
}
