package pusher_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// What the examples receive: a body under the signature of key "key" with the
// secret "secret".
const (
	exampleHook          = `{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"news"},{"name":"member_added","channel":"presence-lobby","user_id":"alice"}]}`
	exampleHookSignature = "b3109217a02201f1af9befac4f4a82e0ffc64add3c2c18133167dd5d41287f95"
)

func ExampleClient_Webhook() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "key", Secret: "secret", Cluster: "eu"})
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/webhooks", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		hook, err := client.Webhook(r.Header, body)
		if err != nil {
			http.Error(w, "not a webhook of ours", http.StatusUnauthorized)
			return
		}
		for _, event := range hook.Events {
			switch event.Name {
			case pusher.WebhookMemberAdded:
				fmt.Println(event.UserID, "came to", event.Channel)
			case pusher.WebhookChannelOccupied:
				fmt.Println(event.Channel, "is occupied")
			}
		}
	})

	r := httptest.NewRequest(http.MethodPost, "/webhooks", strings.NewReader(exampleHook))
	r.Header.Set("X-Pusher-Key", "key")
	r.Header.Set("X-Pusher-Signature", exampleHookSignature)
	http.DefaultServeMux.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// news is occupied
	// alice came to presence-lobby
}

func ExampleClient_ValidateWebhook() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "key", Secret: "secret", Cluster: "eu"})
	if err != nil {
		log.Fatal(err)
	}
	hook, err := client.ValidateWebhook("key", exampleHookSignature, []byte(exampleHook))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hook.Time.UTC(), len(hook.Events))

	_, err = client.ValidateWebhook("key", exampleHookSignature, []byte(exampleHook+" "))
	fmt.Println(errors.Is(err, pusher.ErrWebhookSignature), err)
	// Output:
	// 2023-11-14 22:13:20 +0000 UTC 2
	// true webhook: the signature is missing or wrong
}

func ExampleClient_WebhookHandler() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "key", Secret: "secret", Cluster: "eu"})
	if err != nil {
		log.Fatal(err)
	}
	handler := client.WebhookHandler(func(_ context.Context, hook pusher.Webhook) error {
		for _, event := range hook.Events {
			fmt.Println(event.Name, event.Channel)
		}
		return nil // an error has the server send it again
	})
	http.Handle("/pusher/webhooks", handler)

	r := httptest.NewRequest(http.MethodPost, "/pusher/webhooks", strings.NewReader(exampleHook))
	r.Header.Set("X-Pusher-Key", "key")
	r.Header.Set("X-Pusher-Signature", exampleHookSignature)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output:
	// channel_occupied news
	// member_added presence-lobby
	// 200
}
