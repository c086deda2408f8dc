package pusher_test

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// What holds in memory holds over net/http too: answers that come late, 5xx, 429
// and connections that are reset.
func TestPublisher_orderOverSockets(t *testing.T) {
	t.Parallel()
	const producers, channels, total = 4, 50, 4000
	l := ledger{}
	srv := newHTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		events := deliveries(backend.NewRequest(backend.Call{Body: body}, nil))
		l.begin(backend.NewRequest(backend.Call{Path: r.URL.Path, Body: body}, nil), events)
		dice := rand.IntN(12)
		// It is over for the channels before the answer lets the next request begin.
		l.end(events, dice > 2)
		switch dice {
		case 0:
			w.WriteHeader(http.StatusInternalServerError)
		case 1:
			w.Header().Set("Retry-After", "0.002")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			panic(http.ErrAbortHandler)
		default:
			_ = json.NewEncoder(w).Encode(struct{}{})
		}
	})
	client := srv.client(t)
	p, err := client.Publisher(pusher.PublisherConfig{
		MaxInFlight: 8, MaxEvents: 500,
		Retry: backend.RetryPolicy{Delivery: backend.AtLeastOnce, MaxAttempts: -1, MaxElapsed: -1, MinBackoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond},
	})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for producer := range producers {
		wg.Go(func() {
			for i := range total / producers {
				channel := "channel-" + strconv.Itoa(rand.IntN(channels))
				if p.Enqueue(context.Background(), text(channel, strconv.Itoa(producer)+" "+strconv.Itoa(i))) != nil {
					t.Error("not accepted")
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, p.Close(t.Context()))
	_, accepted := l.all()
	require.Len(t, accepted, total)
	require.Zero(t, overtakes(accepted))
	require.Zero(t, l.doubled)
	require.LessOrEqual(t, l.most, 8)
	requireBalance(t, p.Stats())
}
