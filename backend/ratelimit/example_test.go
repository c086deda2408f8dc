package ratelimit_test

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/ratelimit"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// At most 50 requests a second, whatever the app's goroutines do.
func ExampleNew() {
	limiter := rate.NewLimiter(50, 10)
	client, err := pusher.New(pusher.Config{
		AppID: "4", Key: "key", Secret: "secret", Cluster: "eu",
		Backend: backend.Chain(nethttp.New(nil), ratelimit.New(limiter)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	limiter.SetBurst(0) // nothing gets through any more
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err = client.Trigger(ctx, "my-channel", "my-event", "hello")
	fmt.Println(err)
	fmt.Println(pusher.OutcomeOf(err))
	// Output:
	// trigger: not sent: rate: Wait(n=1) exceeds limiter's burst 0
	// not sent
}
