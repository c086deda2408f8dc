package pushertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func ExampleServer_Inject() {
	ctx := context.Background()
	srv, err := pushertest.Start(pushertest.ServerConfig{}) // in a test: srv := pushertest.NewServer(t)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	client, err := pusher.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	srv.Inject(
		// The first request is refused,
		pushertest.Fault{Status: 503, RetryAfter: 2 * time.Second, Times: 1},
		// the second one accepted, but its answer lost,
		pushertest.Fault{Reset: true, AfterAccepting: true, Times: 1},
		// and so it goes with one of a hundred after that.
		pushertest.Fault{Reset: true, AfterAccepting: true, Probability: 0.01, Seed: 1},
	)
	for _, data := range []string{"one", "two", "three"} {
		_, err := client.Trigger(ctx, "my-channel", "my-event", data)
		fmt.Println(data, "was", pusher.OutcomeOf(err))
	}
	for _, event := range srv.Events() {
		fmt.Println("accepted:", event.Data)
	}
	// Output:
	// one was rejected
	// two was unknown
	// three was accepted
	// accepted: two
	// accepted: three
}

func ExampleServer_Requests() {
	ctx := context.Background()
	srv, err := pushertest.Start(pushertest.ServerConfig{Faults: []pushertest.Fault{
		{Status: 500, AfterAccepting: true, When: func(r pushertest.Request) bool { return r.Method == http.MethodPost }},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	client, err := pusher.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	_ = client.Ping(ctx)
	_, _ = client.Trigger(ctx, "my-channel", "my-event", "data")
	for _, request := range srv.Requests() {
		fmt.Println(request)
	}
	// Output:
	// 1: GET /apps/1001/channels: accepted, answered 200
	// 2: POST /apps/1001/events: accepted, answered 500
}

func ExampleServer_DialContext() {
	ctx := context.Background()
	srv, err := pushertest.Start(pushertest.ServerConfig{Faults: []pushertest.Fault{
		{Refuse: true, Times: 1},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	cfg := srv.Config()
	cfg.Backend = nethttp.New(&http.Client{Transport: &http.Transport{DialContext: srv.DialContext}})
	client, err := pusher.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	for range 2 {
		_, err := client.Trigger(ctx, "my-channel", "my-event", "data")
		fmt.Println(pusher.OutcomeOf(err), errors.Is(err, syscall.ECONNREFUSED))
	}
	// Output:
	// not sent true
	// accepted false
}

func ExampleServer_RefuseConnections() {
	ctx := context.Background()
	srv, err := pushertest.Start(pushertest.ServerConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	client, err := pusher.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	srv.RefuseConnections()
	_, err = client.Trigger(ctx, "my-channel", "my-event", "data")
	fmt.Println("during the outage:", pusher.OutcomeOf(err))

	if err := srv.AcceptConnections(); err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Trigger(ctx, "my-channel", "my-event", "data")
	fmt.Println("after it:", pusher.OutcomeOf(err))
	// Output:
	// during the outage: not sent
	// after it: accepted
}
