package pushertest_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// start starts a server and the SDK for it, as a test does with NewServer.
func start(cfg pushertest.ServerConfig) (*pushertest.Server, *pusher.Client, func()) {
	srv, err := pushertest.Start(cfg)
	if err != nil {
		panic(err)
	}
	client, err := pusher.New(srv.Config())
	if err != nil {
		panic(err)
	}
	return srv, client, func() {
		_ = client.Close()
		srv.Close()
	}
}

func ExampleServer_apps() {
	srv, err := pushertest.Start(pushertest.ServerConfig{
		Apps: []pushertest.AppConfig{{ID: "staging", Key: "staging-key", Secret: "staging-secret"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	staging := srv.AppByID("staging")
	client, err := pusher.New(staging.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	_, err = client.Trigger(context.Background(), "news", "flash", "hello")
	fmt.Println(err, len(srv.Events()), len(staging.Events()))
	// Output:
	// <nil> 0 1
}

func ExampleServerConfig_webhooks() {
	received := make(chan string)
	var client *pusher.Client
	srv, client, stop := start(pushertest.ServerConfig{Webhooks: pushertest.WebhookConfig{
		// The program's own endpoint, without a network.
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			client.WebhookHandler(func(_ context.Context, hook pusher.Webhook) error {
				for _, event := range hook.Events {
					received <- event.Name + " " + event.Channel
				}
				return nil
			}).ServeHTTP(w, r)
		}),
	}})
	defer stop()

	subscriber, err := srv.Subscriber(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := subscriber.Subscribe(context.Background(), "news"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-received)
	// Output:
	// channel_occupied news
}

func ExampleServerConfig_flavor() {
	_, client, stop := start(pushertest.ServerConfig{
		Flavor:    pushertest.Sockudo,
		RateLimit: pushertest.RateLimit{Requests: 1},
	})
	defer stop()

	_, err := client.Trigger(context.Background(), "news", "flash", "1")
	fmt.Println(err)
	_, err = client.Trigger(context.Background(), "news", "flash", "2")
	fmt.Println(err)
	// Output:
	// <nil>
	// trigger: 429 Too Many Requests: more than 1 requests in 1s (retry after 1s)
}

func ExampleServer_waiting() {
	ctx := context.Background()
	srv, client, stop := start(pushertest.ServerConfig{})
	defer stop()

	go func() { // the program under test, in its own time
		_, _ = client.Trigger(ctx, "orders", "paid", `{"id":7}`)
	}()
	event, err := srv.WaitForEvent(ctx, func(e pushertest.Event) bool { return e.Name == "paid" })
	fmt.Println(event.Channel, event.Data, err)
	// Output:
	// orders {"id":7} <nil>
}

func ExampleServer_state() {
	ctx := context.Background()
	srv, client, stop := start(pushertest.ServerConfig{})
	defer stop()

	go func() { // a browser, in its own time
		subscriber, _ := srv.Subscriber(ctx)
		auth, _ := client.AuthorizeChannel(subscriber.SocketID(), "presence-room", &pusher.Member{UserID: "ann"})
		_ = subscriber.Subscribe(ctx, "presence-room", auth)
	}()
	err := srv.WaitUntil(ctx, func() bool { return srv.Channel("presence-room").HasMember("ann") })
	fmt.Println(err)

	_, _ = client.Trigger(ctx, "presence-room", "hello", "all")
	fmt.Println(srv.Deliveries()[0].SentToUser("ann"))
	// Output:
	// <nil>
	// true
}

func ExampleServer_Watch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	srv, client, stop := start(pushertest.ServerConfig{})
	defer stop()

	activities := srv.Watch(ctx, 100)
	_, _ = client.Trigger(ctx, "news", "flash", "hello")
	fmt.Println((<-activities).Event.Data)
	fmt.Println((<-activities).Request)
	// Output:
	// hello
	// 1: POST /apps/1001/events: accepted, answered 200
}

func ExampleServer_Disconnect() {
	srv, _, stop := start(pushertest.ServerConfig{})
	defer stop()
	subscriber, err := srv.Subscriber(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(srv.Disconnect(4200, "try again"))
	_, err = subscriber.Next(context.Background())
	fmt.Println(err)
	// Output:
	// 1
	// pushertest: next message: closed with code 4200: try again
}
