package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/backend/fasthttp"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// publisherRows measure what a caller pays to hand an event over: to the
// publisher, against a send on a buffered channel with a running consumer; and to
// the async client, against building and signing in place.
func publisherRows() []row {
	return []row{
		burst("enqueue 100 bytes, no-op transport", goal{ratio: 2}, enqueuing(0, false, shortText)),
		burst("enqueue 100 bytes, 1 ms transport", goal{ratio: 1.5}, enqueuing(time.Millisecond, false, shortText)),
		burst("enqueue struct, encoding included", goal{}, enqueuing(0, false, message)),
		burst("publish 100 bytes, no-op transport", goal{ratio: 3.5}, enqueuing(0, true, shortText)),
		burst("publish 100 bytes, 1 ms transport", goal{ratio: 2.5}, enqueuing(time.Millisecond, true, shortText)),
		burst("async trigger 100 bytes, in the caller", goal{ratio: 0.4}, submitting(shortText)),
		publishing("publisher, to nethttp triggers, 8 callers", goal{ratio: 0.16, time: 1 / 7.0}, openNetHTTP, triggering(openNetHTTP)),
		publishing("publisher over fasthttp, to nethttp triggers, 8 callers", goal{ratio: 0.12, time: 1 / 9.0}, openFastHTTP, triggering(openNetHTTP)),
		publishing("publisher, to bare posts of ten, 8 callers", goal{ratio: 1.75}, openNetHTTP, posting(bareNetHTTP)),
	}
}

func openFastHTTP() backend.Backend { return fasthttp.New(nil) }

// channels are those that events go to in turn.
var channels = func() []string {
	names := make([]string, 1_000)
	for i := range names {
		names[i] = "channel-" + strconv.Itoa(i)
	}
	return names
}()

// queued has the size of what the publisher queues for an event.
type queued [88]byte

// enqueuing opens a publisher over a transport that takes so long, and the floor.
func enqueuing(takes time.Duration, futures bool, data any) func() (subject, floor handover, err error) {
	return func() (subject, floor handover, err error) {
		client, err := newClient(backend.Func(func(_ context.Context, r backend.Request) (backend.Response, error) {
			_ = r.URL()
			if takes > 0 {
				time.Sleep(takes)
			}
			return accept(r), nil
		}))
		if err != nil {
			return subject, floor, err
		}
		p, err := client.Publisher(pusher.PublisherConfig{})
		if err != nil {
			return subject, floor, err
		}
		ctx := context.Background()
		subject = handover{
			give: func(n int) error {
				e := pusher.Event{Channel: channels[n%len(channels)], Name: event, Data: data}
				if !futures {
					return p.Enqueue(ctx, e)
				}
				_, err := p.Publish(ctx, e)
				return err
			},
			drain:  func() error { return p.Flush(ctx) },
			Closer: closeFunc(func() error { return p.Close(ctx) }),
		}
		return subject, sending(), nil
	}
}

// sending is the floor: a buffered channel with a running consumer.
func sending() handover {
	queue, ended := make(chan queued, pusher.DefaultMaxEvents), make(chan struct{})
	go func() {
		defer close(ended)
		for range queue {
		}
	}()
	var item queued
	return handover{
		give: func(int) error {
			queue <- item
			return nil
		},
		drain: func() error {
			for len(queue) > 0 {
				runtime.Gosched()
			}
			return nil
		},
		Closer: closeFunc(func() error {
			close(queue)
			<-ended
			return nil
		}),
	}
}

// submitting opens an async client and, as the floor, a client that builds and
// signs in the caller.
func submitting(data any) func() (subject, floor handover, err error) {
	return func() (subject, floor handover, err error) {
		client, err := newClient(backend.Func(func(_ context.Context, r backend.Request) (backend.Response, error) {
			_ = r.URL()
			return accept(r), nil
		}))
		if err != nil {
			return subject, floor, err
		}
		a := client.Async(async.Config{QueueSize: 2 * burstSize})
		ctx := context.Background()
		subject = handover{
			give: func(int) error {
				a.Trigger(ctx, channel, event, data)
				return nil
			},
			drain: func() error {
				err := a.Flush(ctx)
				if a.Stats().Failed > 0 {
					err = errors.Join(err, errors.New("triggers failed"))
				}
				return err
			},
			Closer: closeFunc(func() error { return a.Close(ctx) }),
		}
		floor = handover{
			give: func(int) error {
				_, err := client.Trigger(ctx, channel, event, data)
				return err
			},
			drain:  func() error { return nil },
			Closer: closeFunc(func() error { return nil }),
		}
		return subject, floor, nil
	}
}

// publishing returns a row of events that go through a publisher with 8 producers,
// encoding included, to a server process.
func publishing(
	name string, g goal, open func() backend.Backend, floor func(address string) (func() error, io.Closer, error),
) row {
	return looped(name, g, 8, func(address string) (exchange, error) {
		client, err := clientAt(address, open())
		if err != nil {
			return exchange{}, err
		}
		p, err := client.Publisher(pusher.PublisherConfig{})
		if err != nil {
			return exchange{}, err
		}
		send, closer, err := floor(address)
		if err != nil {
			return exchange{}, err
		}
		ctx := context.Background()
		var next atomic.Uint64
		return exchange{
			subject: func() error {
				return p.Enqueue(ctx, pusher.Event{Channel: channels[next.Add(1)%1_000], Name: event, Data: message})
			},
			settle: func() error {
				err := p.Flush(ctx)
				if failed := p.Stats().Failed; failed.Total() > 0 {
					err = errors.Join(err, errors.New("events failed"))
				}
				return err
			},
			floor:   send,
			closers: []io.Closer{closeFunc(func() error { return p.Close(ctx) }), client, closer},
		}, nil
	})
}

// triggering sends events one at a time.
func triggering(open func() backend.Backend) func(string) (func() error, io.Closer, error) {
	return func(address string) (func() error, io.Closer, error) {
		client, err := clientAt(address, open())
		if err != nil {
			return nil, nil, err
		}
		var next atomic.Uint64
		return func() error {
			_, err := client.Trigger(context.Background(), channels[next.Add(1)%1_000], event, message)
			return err
		}, client, nil
	}
}

// posting posts a prebuilt batch of ten at every tenth call.
func posting(bare func(sample) (func() error, io.Closer)) func(string) (func() error, io.Closer, error) {
	return func(address string) (func() error, io.Closer, error) {
		s, err := sampleOf(address, func(c *pusher.Client) error {
			events := make([]pusher.Event, 10)
			for i := range events {
				events[i] = pusher.Event{Channel: channels[i], Name: event, Data: message}
			}
			_, err := c.TriggerBatch(context.Background(), events)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		post, closer := bare(s)
		var next atomic.Uint64
		return func() error {
			if next.Add(1)%10 != 0 {
				return nil
			}
			return post()
		}, closer, nil
	}
}
