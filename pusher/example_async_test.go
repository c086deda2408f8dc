package pusher_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// A handler hands its event over and goes on. At shutdown, Close sends what is
// still queued.
func ExampleClient_Async() {
	client, recorder := exampleClient()
	queue := client.Async(async.Config{OnError: func(err error) { fmt.Println("lost:", err) }})

	ctx := context.Background()
	queue.Trigger(ctx, "my-channel", "my-event", "one") // returns at once
	queue.Trigger(ctx, "my-channel", "my-event", "two")
	queue.Trigger(ctx, "no spaces", "my-event", "three")

	fmt.Println(queue.Close(ctx), len(recorder.Events()))
	// Output:
	// lost: invalid channel: "no spaces" has characters outside A–Z a–z 0–9 _ - = @ , . ;
	// <nil> 2
}

func ExampleAsyncClient_Trigger() {
	client, _ := exampleClient()
	queue := client.Async(async.Config{})
	defer queue.Close(context.Background())

	future := queue.Trigger(context.Background(), "my-channel", "my-event", "hello")
	_, err := future.Wait(context.Background())
	fmt.Println(err)
	// Output: <nil>
}

func ExampleAsyncClient_TriggerMulti() {
	client, recorder := exampleClient()
	queue := client.Async(async.Config{})
	queue.TriggerMulti(context.Background(), []string{"a", "b"}, "my-event", "hello")
	fmt.Println(queue.Close(context.Background()), len(recorder.Events()))
	// Output: <nil> 2
}

func ExampleAsyncClient_TriggerBatch() {
	client, recorder := exampleClient()
	queue := client.Async(async.Config{})
	queue.TriggerBatch(context.Background(), []pusher.Event{
		{Channel: "a", Name: "greet", Data: "hello"},
		{Channel: "b", Name: "greet", Data: "hello"},
	})
	fmt.Println(queue.Close(context.Background()), len(recorder.Events()))
	// Output: <nil> 2
}

func ExampleAsyncClient_Broadcast() {
	client, recorder := exampleClient()
	recorder.Respond(500, "down")
	queue := client.Async(async.Config{})
	defer queue.Close(context.Background())

	future := queue.Broadcast(context.Background(), []string{"a", "private-encrypted-b"}, "notice", "to all")
	_, err := future.Wait(context.Background())
	var failed *pusher.BroadcastError
	fmt.Println(errors.As(err, &failed), failed.Failed[0].Channel)
	// Output: true a
}

func ExampleAsyncClient_SendToUser() {
	client, recorder := exampleClient()
	queue := client.Async(async.Config{})
	queue.SendToUser(context.Background(), "7", "greet", "hello")
	fmt.Println(queue.Close(context.Background()), recorder.Events()[0].Channel)
	// Output: <nil> #server-to-user-7
}

// Queries that do not depend on each other need not wait for each other.
func ExampleAsyncClient_Channels() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"channels":{"presence-lobby":{"user_count":4}}}`)
	queue := client.Async(async.Config{Workers: -1})
	defer queue.Close(context.Background())

	ctx := context.Background()
	listed := queue.Channels(ctx, pusher.ChannelsQuery{Prefix: "presence-", Attributes: []pusher.Attribute{pusher.UserCount}})
	occupied := queue.Channel(ctx, "my-channel")
	list, err := listed.Wait(ctx)
	fmt.Println(*list.Channels["presence-lobby"].UserCount, err)
	state, err := occupied.Wait(ctx)
	fmt.Println(state.Occupied, err)
	// Output:
	// 4 <nil>
	// false <nil>
}

func ExampleAsyncClient_Channel() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"occupied":true}`)
	queue := client.Async(async.Config{})
	defer queue.Close(context.Background())

	state, err := queue.Channel(context.Background(), "my-channel").Wait(context.Background())
	fmt.Println(state.Occupied, err)
	// Output: true <nil>
}

func ExampleAsyncClient_ChannelUsers() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"users":[{"id":"1"},{"id":"2"}]}`)
	queue := client.Async(async.Config{})
	defer queue.Close(context.Background())

	list, err := queue.ChannelUsers(context.Background(), "presence-lobby").Wait(context.Background())
	fmt.Println(list.Users, err)
	// Output: [{1} {2}] <nil>
}

func ExampleAsyncClient_TerminateUserConnections() {
	client, recorder := exampleClient()
	queue := client.Async(async.Config{})
	queue.TerminateUserConnections(context.Background(), "7")
	fmt.Println(queue.Close(context.Background()), recorder.Calls()[0].Path)
	// Output: <nil> /apps/4/users/7/terminate_connections
}

func ExampleAsyncClient_Ping() {
	client, recorder := exampleClient()
	recorder.Respond(401, "Invalid signature")
	queue := client.Async(async.Config{})
	defer queue.Close(context.Background())

	_, err := queue.Ping(context.Background()).Wait(context.Background())
	fmt.Println(err)
	// Output: ping: 401 Unauthorized: Invalid signature
}

func ExampleAsyncClient_Get() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"anything":true}`)
	queue := client.Async(async.Config{})
	defer queue.Close(context.Background())

	res, err := queue.Get(context.Background(), "/something/new", nil).Wait(context.Background())
	fmt.Println(string(res.Body), err)
	// Output: {"anything":true} <nil>
}

func ExampleAsyncClient_Post() {
	client, recorder := exampleClient()
	queue := client.Async(async.Config{})
	queue.Post(context.Background(), "/something/new", nil, map[string]int{"n": 1})
	fmt.Println(queue.Close(context.Background()), recorder.Calls()[0])
	// Output: <nil> post POST /apps/4/something/new (7 bytes)
}

func ExampleAsyncClient_Flush() {
	client, recorder := exampleClient()
	queue := client.Async(async.Config{})
	defer queue.Close(context.Background())

	queue.Trigger(context.Background(), "my-channel", "my-event", "hello")
	fmt.Println(queue.Flush(context.Background()), len(recorder.Events()))
	// Output: <nil> 1
}

func ExampleAsyncClient_Stats() {
	client, recorder := exampleClient()
	recorder.Respond(429, "slow down")
	queue := client.Async(async.Config{})
	for range 3 {
		queue.Trigger(context.Background(), "my-channel", "my-event", "hello")
	}
	_ = queue.Close(context.Background())

	stats := queue.Stats()
	fmt.Println(stats.Accepted, "accepted,", stats.Delivered, "delivered; failed:", stats.FailedBy)
	// Output: 3 accepted, 2 delivered; failed: 1 rejected
}

// After Close the queue takes nothing more; the client still does.
func ExampleAsyncClient_Close() {
	client, _ := exampleClient()
	queue := client.Async(async.Config{})
	fmt.Println(queue.Close(context.Background()))

	_, err := queue.Trigger(context.Background(), "my-channel", "my-event", "late").Wait(context.Background())
	fmt.Println(pusher.OutcomeOf(err), "-", err)
	// Output:
	// <nil>
	// not sent - trigger: not sent: the queue is closed
}
