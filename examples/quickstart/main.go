package main

import (
	"context"
	"log"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func main() {
	client, err := pusher.FromEnv("") // PUSHER_URL=https://KEY:SECRET@api-eu.pusher.com/apps/APP_ID
	if err != nil {
		log.Fatal(err)
	}
	data := map[string]any{"hello": "world"}
	_, err = client.Trigger(context.Background(), "my-channel", "my-event", data)
	if err != nil {
		log.Fatalf("%v (outcome: %v)", err, pusher.OutcomeOf(err))
	}
}
