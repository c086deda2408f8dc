package main

import (
	"context"
	"os"

	"github.com/seed-588517f9/pusher-go/backend/resty"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func main() {
	client, err := pusher.FromEnv("", func(cfg *pusher.Config) { cfg.Backend = resty.New(nil) })
	if err == nil {
		_, err = client.Trigger(context.Background(), "my-channel", "my-event", "hello")
	}
	if err != nil {
		os.Exit(1)
	}
}
