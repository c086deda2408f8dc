package pusher_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// exampleClient returns a client that sends to a recorder.
func exampleClient() (*pusher.Client, *pushertest.Recorder) {
	recorder := new(pushertest.Recorder)
	client, err := pusher.New(pusher.Config{
		AppID: "4", Key: "key", Secret: "secret", Backend: recorder,
		EncryptionMasterKeyBase64: "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=",
	})
	if err != nil {
		log.Fatal(err)
	}
	return client, recorder
}

func ExampleNew() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "key", Secret: "secret", Cluster: "eu"})
	fmt.Println(client, err)

	_, err = pusher.New(pusher.Config{AppID: "4", Key: "key", Secret: "secret", Host: "https://example.com"})
	fmt.Println(err)
	// Output:
	// pusher.Client(https://api-eu.pusher.com/apps/4) <nil>
	// invalid Config.Host: must not have a scheme; set DisableTLS for http
}

func ExampleFromURL() {
	client, err := pusher.FromURL("http://key:secret@localhost:6001/apps/app-1", func(c *pusher.Config) {
		c.Timeout = 2e9
	})
	fmt.Println(client, err)
	// Output: pusher.Client(http://localhost:6001/apps/app-1) <nil>
}

func ExampleConfigFromURL() {
	cfg, err := pusher.ConfigFromURL("https://key:secret@api-eu.pusher.com/apps/4")
	fmt.Println(cfg.AppID, cfg.Host, err)
	// Output: 4 api-eu.pusher.com <nil>
}

func ExampleClient_Trigger() {
	client, recorder := exampleClient()
	_, err := client.Trigger(context.Background(), "my-channel", "my-event", map[string]any{"hello": "world"},
		pusher.ExcludeSocket("1234.5678"))
	fmt.Println(err)
	fmt.Println(string(recorder.Calls()[0].Body))
	// Output:
	// <nil>
	// {"name":"my-event","channels":["my-channel"],"data":"{\"hello\":\"world\"}","socket_id":"1234.5678"}
}

func ExampleClient_TriggerMulti() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"channels":{"presence-a":{"user_count":42},"b":{}}}`)
	result, err := client.TriggerMulti(context.Background(), []string{"presence-a", "b"}, "tick", "1",
		pusher.WithInfo(pusher.UserCount))
	fmt.Println(*result.Channels["presence-a"].UserCount, err)
	// Output: 42 <nil>
}

func ExampleClient_TriggerBatch() {
	client, recorder := exampleClient()
	_, err := client.TriggerBatch(context.Background(), []pusher.Event{
		{Channel: "a", Name: "greet", Data: "hello"},
		{Channel: pusher.UserChannel("7"), Name: "greet", Data: "hello, seven"},
	})
	for _, event := range recorder.Events() {
		fmt.Println(event.Channel, event.Data)
	}
	fmt.Println(err)
	// Output:
	// a hello
	// #server-to-user-7 hello, seven
	// <nil>
}

func ExampleClient_Broadcast() {
	client, recorder := exampleClient()
	channels := []string{"private-encrypted-vault"}
	for i := range 150 {
		channels = append(channels, fmt.Sprint("room-", i))
	}
	result, err := client.Broadcast(context.Background(), channels, "notice", "to all")
	fmt.Println(len(result.Channels), "channels in", len(recorder.Calls()), "requests:", err)
	// Output: 151 channels in 3 requests: <nil>
}

func ExampleClient_SendToUser() {
	client, recorder := exampleClient()
	_, err := client.SendToUser(context.Background(), "7", "greet", "hello")
	fmt.Println(recorder.Events()[0].Channel, err)
	// Output: #server-to-user-7 <nil>
}

func ExampleClient_Channels() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"channels":{"presence-lobby":{"user_count":4}}}`)
	list, err := client.Channels(context.Background(), pusher.ChannelsQuery{
		Prefix: "presence-", Attributes: []pusher.Attribute{pusher.UserCount},
	})
	fmt.Println(*list.Channels["presence-lobby"].UserCount, err)
	// Output: 4 <nil>
}

func ExampleClient_Channel() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"occupied":true,"user_count":42}`)
	state, err := client.Channel(context.Background(), "presence-lobby", pusher.UserCount)
	fmt.Println(state.Occupied, *state.UserCount, err)
	// Output: true 42 <nil>
}

func ExampleClient_ChannelUsers() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"users":[{"id":"1"},{"id":"2"}]}`)
	list, err := client.ChannelUsers(context.Background(), "presence-lobby")
	fmt.Println(list.Users, err)
	// Output: [{1} {2}] <nil>
}

func ExampleClient_TerminateUserConnections() {
	client, recorder := exampleClient()
	err := client.TerminateUserConnections(context.Background(), "7")
	fmt.Println(recorder.Calls()[0].Path, err)
	// Output: /apps/4/users/7/terminate_connections <nil>
}

func ExampleClient_Ping() {
	client, recorder := exampleClient()
	recorder.Respond(401, "Invalid signature")
	err := client.Ping(context.Background())
	fmt.Println(errors.Is(err, pusher.ErrUnauthorized), err)
	// Output: true ping: 401 Unauthorized: Invalid signature
}

func ExampleClient_Get() {
	client, recorder := exampleClient()
	recorder.Respond(200, `{"anything":true}`)
	res, err := client.Get(context.Background(), "/something/new", map[string]string{"limit": "10"})
	fmt.Println(string(res.Body), err)
	// Output: {"anything":true} <nil>
}

func ExampleClient_Post() {
	client, recorder := exampleClient()
	_, err := client.Post(context.Background(), "/something/new", nil, map[string]int{"n": 1})
	fmt.Println(recorder.Calls()[0], err)
	// Output: post POST /apps/4/something/new (7 bytes) <nil>
}

func ExampleClient_SignedURL() {
	client, _ := exampleClient()
	signed, err := client.SignedURL("GET", "/channels", nil, nil)
	fmt.Println(strings.HasPrefix(signed, "https://api-mt1.pusher.com/apps/4/channels?auth_key=key&"), err)
	// Output: true <nil>
}

func ExampleOutcomeOf() {
	client, recorder := exampleClient()
	ctx := context.Background()
	recorder.Respond(429, `{"error":"slow down"}`)
	_, refused := client.Trigger(ctx, "my-channel", "my-event", "x")
	_, invalid := client.Trigger(ctx, "no spaces", "my-event", "x")
	fmt.Println(pusher.OutcomeOf(refused), "-", refused)
	fmt.Println(pusher.OutcomeOf(invalid), "-", invalid)
	// Output:
	// rejected - trigger: 429 Too Many Requests: slow down
	// not sent - invalid channel: "no spaces" has characters outside A–Z a–z 0–9 _ - = @ , . ;
}

// A call can be stored as plain data and sent later: the signature is made when it
// is sent.
func ExampleClient_Request() {
	client, recorder := exampleClient()
	ctx := context.Background()
	if _, err := client.Trigger(ctx, "my-channel", "my-event", "x"); err != nil {
		log.Fatal(err)
	}
	stored, err := json.Marshal(recorder.Calls()[0])
	if err != nil {
		log.Fatal(err)
	}

	var call backend.Call
	if err := json.Unmarshal(stored, &call); err != nil {
		log.Fatal(err)
	}
	res, err := recorder.Send(ctx, client.Request(call))
	fmt.Println(res.StatusCode, len(recorder.Events()), err)
	// Output: 200 2 <nil>
}
