package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

type tour struct {
	srv        *pushertest.Server
	queue      *pusher.AsyncClient
	out        io.Writer
	unattended chan error // what OnError is told
}

func (t *tour) sayf(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

// onError must not wait: it is called by those who make and carry out the calls.
func (t *tour) onError(err error) {
	select {
	case t.unattended <- err:
	default:
	}
}

// futures makes calls that go on side by side, and then looks at their results.
func (t *tour) futures(ctx context.Context) error {
	t.sayf("Three calls, handed over before the first is answered")
	results := []*async.Future[pusher.TriggerResult]{
		t.queue.Trigger(ctx, "room-1", "message", map[string]int{"n": 1}),
		t.queue.Trigger(ctx, "room-2", "message", map[string]int{"n": 2}),
		t.queue.Trigger(ctx, "room-3", "message", map[string]int{"n": 3}),
	}
	for _, future := range results {
		if _, err := future.Wait(ctx); err != nil {
			return err
		}
	}
	if arrived := len(t.srv.Events()); arrived != len(results) {
		return fmt.Errorf("sent %d events, the server has %d", len(results), arrived)
	}
	t.sayf("  %d futures resolved, %d events at the server", len(results), len(t.srv.Events()))
	return nil
}

// queries asks for two things that do not depend on each other.
func (t *tour) queries(ctx context.Context) error {
	t.sayf("\nTwo queries side by side, about a channel with one subscriber")
	sub, err := t.srv.Subscriber(ctx)
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := sub.Subscribe(ctx, "room-1"); err != nil {
		return err
	}
	listed := t.queue.Channels(ctx, pusher.ChannelsQuery{})
	asked := t.queue.Channel(ctx, "room-1")
	list, err := listed.Wait(ctx)
	if err != nil {
		return err
	}
	state, err := asked.Wait(ctx)
	if err != nil {
		return err
	}
	if len(list.Channels) != 1 || !state.Occupied {
		return fmt.Errorf("expected room-1 alone to be occupied, got %v and %v", list, state)
	}
	t.sayf("  %d channel is occupied; is room-1? %v", len(list.Channels), state.Occupied)
	return nil
}

// failures shows the two ways to hear of one.
func (t *tour) failures(ctx context.Context) error {
	t.sayf("\nA call that the server refuses, and a future that somebody waits for")
	refuse := pushertest.Fault{Status: 403, Body: "over quota", Times: 1}
	held := make(chan struct{})
	// The answer is held until Done was called, or OnError might be told first.
	refuse.When = func(pushertest.Request) bool { <-held; return true }
	t.srv.Inject(refuse)
	future := t.queue.Trigger(ctx, "room-1", "message", "hello")
	done := future.Done()
	close(held)
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err, _ := future.Result()
	if !errors.Is(err, pusher.ErrForbidden) {
		return fmt.Errorf("the server said 403, the future says: %w", err)
	}
	t.sayf("  Wait says     %v (outcome: %v)", err, pusher.OutcomeOf(err))

	t.sayf("\nAn invalid call, and a future that nobody waits for")
	t.queue.Trigger(ctx, "no spaces", "message", "hello")
	select {
	case err = <-t.unattended:
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, ok := errors.AsType[*pusher.ValidationError](err); !ok {
		return fmt.Errorf("the channel is invalid, OnError says: %w", err)
	}
	t.sayf("  OnError says  %v", err)
	return nil
}

// shutdown closes the queue while the server takes its time.
func (t *tour) shutdown(ctx context.Context) error {
	t.sayf("\nTwenty calls to a slow server, whose caller leaves at once")
	t.srv.Forget()
	t.srv.Inject(pushertest.Fault{Latency: 20 * time.Millisecond})
	request, leave := context.WithCancel(ctx) // as that of an HTTP handler, which returns
	for i := range 20 {
		t.queue.Trigger(request, fmt.Sprintf("room-%d", i), "message", i)
	}
	leave()
	t.sayf("  handed over   %d calls are pending", t.queue.Stats().Pending)

	if err := t.queue.Close(ctx); err != nil {
		return err
	}
	s := t.queue.Stats()
	t.sayf("  closed        %d events at the server", len(t.srv.Events()))
	t.sayf("\nAccepted %d = delivered %d + failed %d (%v) + pending %d; refused %d",
		s.Accepted, s.Delivered, s.Failed, s.FailedBy, s.Pending, s.Refused.Total())
	if arrived := len(t.srv.Events()); arrived != 20 {
		return fmt.Errorf("%d of 20 events arrived", arrived)
	}
	return nil
}
