package main

import (
	"context"
	"os"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func main() {
	client, err := pusher.FromEnv("")
	if err == nil {
		_, err = client.Trigger(context.Background(), "my-channel", "my-event", "hello")
	}
	if err != nil {
		os.Exit(1)
	}
}
