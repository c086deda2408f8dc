package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// triggerRows build and sign an event, against the MD5 of the same body and the
// keyed HMAC of the same string.
func triggerRows() []row {
	return []row{
		triggerRow("trigger, 100 bytes", goal{ratio: 2, allocs: 3}, &shortText),
		triggerRow("trigger, 9 KB plain ASCII", goal{ratio: 1.5}, &plainText),
		triggerRow("trigger, 9 KB chat JSON", goal{ratio: 2}, &chatJSON),
		triggerRow("trigger, 9 KB quote-dense JSON", goal{}, &quotesJSON),
		triggerRow("trigger, 9 KB non-ASCII text", goal{}, &unicodeText),
		paired("trigger, struct", goal{ratio: 1.8}, func() (pair, error) {
			return signing(
				func(c *pusher.Client) error {
					_, err := c.Trigger(context.Background(), channel, event, message)
					return err
				},
				func() error {
					_, err := json.Marshal(message)
					return err
				},
			)
		}),
		batchRow("batch, 10 × 100 bytes", goal{ratio: 1.8}, func() []pusher.Event { return tenEvents }),
		batchRow("batch, 10 × 100 bytes, made anew", goal{ratio: 1.8}, makeEvents),
	}
}

// What most rows trigger on.
const (
	channel = "my-channel"
	event   = "my-event"
)

func triggerRow(name string, g goal, data *string) row {
	return paired(name, g, func() (pair, error) {
		return signing(func(c *pusher.Client) error {
			_, err := c.Trigger(context.Background(), channel, event, *data)
			return err
		}, nil)
	})
}

var tenEvents = makeEvents()

// makeEvents returns a full batch. Data is boxed, so it takes eleven allocations.
func makeEvents() []pusher.Event {
	events := make([]pusher.Event, 10)
	for i := range events {
		events[i] = pusher.Event{Channel: channel, Name: event, Data: shortText}
	}
	return events
}

func batchRow(name string, g goal, events func() []pusher.Event) row {
	return paired(name, g, func() (pair, error) {
		return signing(func(c *pusher.Client) error {
			_, err := c.TriggerBatch(context.Background(), events())
			return err
		}, nil)
	})
}

// signing returns the pair of a call and its signing by hand. extra is work that
// the floor does besides; nil is none.
func signing(call func(*pusher.Client) error, extra func() error) (pair, error) {
	var last backend.Request
	recording, err := newClient(backend.Func(func(_ context.Context, r backend.Request) (backend.Response, error) {
		last = r
		return accept(r), nil
	}))
	if err != nil {
		return pair{}, err
	}
	if err := call(recording); err != nil {
		return pair{}, err
	}
	work, err := newSigned(last)
	if err != nil {
		return pair{}, err
	}
	client, err := newClient(backend.Func(func(_ context.Context, r backend.Request) (backend.Response, error) {
		return accept(r), nil
	}))
	if err != nil {
		return pair{}, err
	}
	return pair{
		subject: repeat(func() error { return call(client) }),
		floor: repeat(func() error {
			work.sign()
			if extra != nil {
				return extra()
			}
			return nil
		}),
	}, nil
}

func newClient(b backend.Backend) (*pusher.Client, error) {
	return pusher.New(pusher.Config{AppID: appID, Key: key, Secret: secret, Backend: b})
}

var success = []byte("{}")

// accept signs a request and answers as the server does on success.
func accept(r backend.Request) backend.Response {
	_ = r.URL()
	return backend.Response{StatusCode: http.StatusOK, Body: success}
}

// repeat turns an operation into a loop.
func repeat(operation func() error) loop {
	return func(n int) error {
		for range n {
			if err := operation(); err != nil {
				return err
			}
		}
		return nil
	}
}
