package pushertest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func ExampleStart() {
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

	_, err = client.Trigger(ctx, "my-channel", "my-event", map[string]string{"hello": "world"})
	fmt.Println(err)
	for _, event := range srv.Events() {
		fmt.Println(event.Channel, event.Name, event.Data)
	}
	// Output:
	// <nil>
	// my-channel my-event {"hello":"world"}
}

func ExampleSubscriber() {
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

	subscriber, err := srv.Subscriber(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer subscriber.Close()
	channel := "private-encrypted-chat"
	authorization, err := client.AuthorizeChannel(subscriber.SocketID(), channel, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := subscriber.Subscribe(ctx, channel, authorization); err != nil {
		fmt.Println(err)
		return
	}

	_, _ = client.Trigger(ctx, channel, "message", "only we can read this")
	message, err := subscriber.Next(ctx)
	fmt.Println(message.Event, message.Data, err)
	// Output:
	// message only we can read this <nil>
}

func ExampleRecorder() {
	ctx := context.Background()
	var recorder pushertest.Recorder
	client, err := pusher.New(pusher.Config{AppID: "1", Key: "key", Secret: "secret", Backend: &recorder})
	if err != nil {
		fmt.Println(err)
		return
	}

	_, err = client.TriggerMulti(ctx, []string{"news", "sports"}, "goal", "1:0")
	fmt.Println(err)
	for _, event := range recorder.Events() {
		fmt.Println(event.Channel, event.Name, event.Data)
	}

	recorder.Respond(413, "data is too long")
	_, err = client.Trigger(ctx, "news", "goal", "1:1")
	fmt.Println(errors.Is(err, pusher.ErrPayloadTooLarge))
	// Output:
	// <nil>
	// news goal 1:0
	// sports goal 1:0
	// true
}
