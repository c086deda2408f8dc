package pusher_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func ExampleClient_Publisher() {
	client, recorder := exampleClient()
	publisher, err := client.Publisher(pusher.PublisherConfig{
		Linger: 2 * time.Millisecond,
		OnResult: func(r pusher.PublishResult) {
			if r.Err != nil {
				log.Print(r.Channel, ": ", r.Err)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, channel := range []string{"a", "b", "c"} {
		if err := publisher.Enqueue(context.Background(), pusher.Event{Channel: channel, Name: "tick", Data: "1"}); err != nil {
			log.Print(err)
		}
	}
	// Before the program ends, send what is held.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(publisher.Close(ctx))
	fmt.Println(len(recorder.Events()), "events")
	// Output:
	// <nil>
	// 3 events
}

func ExamplePublisher_Publish() {
	client, _ := exampleClient()
	publisher, err := client.Publisher(pusher.PublisherConfig{})
	if err != nil {
		log.Fatal(err)
	}
	future, err := publisher.Publish(context.Background(), pusher.Event{Channel: "a", Name: "tick", Data: "1"})
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := future.Wait(context.Background())
	fmt.Println(receipt.Attempts, err)
	_ = publisher.Close(context.Background())
	// Output: 1 <nil>
}

func ExamplePublisher_TryEnqueue() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "key", Secret: "secret", Backend: backend.Func(
		func(ctx context.Context, req backend.Request) (backend.Response, error) {
			<-ctx.Done() // a server that hangs
			return backend.Response{}, backend.NewError(req.Op(), backend.Unknown, ctx.Err())
		})})
	if err != nil {
		log.Fatal(err)
	}
	publisher, err := client.Publisher(pusher.PublisherConfig{MaxEvents: 1})
	if err != nil {
		log.Fatal(err)
	}
	event := pusher.Event{Channel: "a", Name: "tick", Data: "1"}
	fmt.Println(publisher.TryEnqueue(event))
	err = publisher.TryEnqueue(event)
	fmt.Println(errors.Is(err, async.ErrQueueFull), pusher.OutcomeOf(err))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = publisher.Close(ctx)
	// Output:
	// <nil>
	// true not sent
}

func ExamplePublisher_Flush() {
	client, recorder := exampleClient()
	publisher, err := client.Publisher(pusher.PublisherConfig{Linger: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close(context.Background())
	for i := range 4 {
		_ = publisher.Enqueue(context.Background(), pusher.Event{Channel: "a", Name: "tick", Data: i})
	}
	fmt.Println(publisher.Flush(context.Background()))
	for _, event := range recorder.Events() {
		fmt.Print(event.Data, " ")
	}
	// Output:
	// <nil>
	// 0 1 2 3
}

func ExamplePublisher_Stats() {
	client, recorder := exampleClient()
	recorder.Respond(403, "over quota")
	publisher, err := client.Publisher(pusher.PublisherConfig{})
	if err != nil {
		log.Fatal(err)
	}
	_ = publisher.Enqueue(context.Background(), pusher.Event{Channel: "a", Name: "tick", Data: "1"})
	_ = publisher.Enqueue(context.Background(), pusher.Event{Channel: "not valid", Name: "tick", Data: "1"})
	err = publisher.Close(context.Background())
	stats := publisher.Stats()
	fmt.Println(stats.Accepted, stats.Delivered, stats.Failed, stats.Refused.Invalid)
	fmt.Println(err)
	// Output:
	// 1 0 1 rejected 1
	// close: 1 events failed (1 rejected)
}
