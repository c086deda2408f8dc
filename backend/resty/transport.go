package resty

import (
	"net/http"

	"github.com/go-resty/resty/v2"

	"github.com/seed-588517f9/pusher-go/backend/internal/attempt"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
)

// transport stands before the client's own one. It finds in the context of each
// request the relay that knows what to send.
type transport struct {
	own    http.RoundTripper
	sender attempt.Sender
}

type relayKey struct{}

// takeOver changes client so that it sends through relays only, without redirects,
// retries and a time limit of its own, and returns the sender for them.
func takeOver(client *resty.Client) attempt.Sender {
	client.RetryCount = 0
	client.SetDoNotParseResponse(false)
	inner := client.GetClient()
	inner.CheckRedirect = attempt.NoRedirect
	if taken, ok := inner.Transport.(transport); ok {
		return taken.sender
	}
	if inner.Transport == nil {
		inner.Transport = nethttp.NewTransport()
	}
	sender := attempt.NewSender(inner.Transport, inner.Timeout)
	inner.Transport = transport{inner.Transport, sender}
	// An http.Client starts a goroutine for each request to limit its time, unless
	// it sends through net/http's own transport. The sender needs none.
	inner.Timeout = 0
	return sender
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if relay, ok := r.Context().Value(relayKey{}).(*attempt.Relay); ok {
		return relay.RoundTrip(r)
	}
	return t.own.RoundTrip(r)
}
