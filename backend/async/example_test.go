package async_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// hello is a request. Those of a client come from its method Request.
var hello = backend.NewRequest(backend.Call{Op: "trigger", Method: "POST", Path: "/apps/4/events", Body: []byte("{}")}, signer{})

// The queue is a backend, which lets no more than ten requests through at once.
func ExampleNew() {
	queue := async.New(ok, async.Config{Workers: 10})
	defer queue.Close(context.Background())

	res, err := queue.Send(context.Background(), hello)
	fmt.Println(res.StatusCode, err)
	// Output: 200 <nil>
}

func ExampleBackend_Submit() {
	queue := async.New(ok, async.Config{})
	defer queue.Close(context.Background())

	future := queue.Submit(context.Background(), hello) // returns at once
	res, err := future.Wait(context.Background())
	fmt.Println(res.StatusCode, err)
	// Output: 200 <nil>
}

// A call may be several requests: one worker sends them one after the other.
func ExampleSubmit() {
	queue := async.New(ok, async.Config{})
	defer queue.Close(context.Background())

	future := async.Submit(context.Background(), queue, "pair",
		func(ctx context.Context, b backend.Backend) (int, backend.Outcome, error) {
			for n := range 2 {
				if _, err := b.Send(ctx, hello); err != nil {
					return n, backend.Unknown, err
				}
			}
			return 2, backend.Accepted, nil
		})
	fmt.Println(future.Wait(context.Background()))
	// Output: 2 <nil>
}

func ExampleRefuse() {
	queue := async.New(ok, async.Config{OnError: func(err error) { fmt.Println("OnError:", err) }})
	defer queue.Close(context.Background())

	future := async.Refuse[int](queue, errors.New("there is no such channel"))
	_, err, done := future.Result()
	fmt.Println(err, done, queue.Stats().Refused.Invalid)
	// Output:
	// OnError: there is no such channel
	// there is no such channel true 1
}

func ExampleFuture_Done() {
	queue := async.New(ok, async.Config{})
	defer queue.Close(context.Background())

	future := queue.Submit(context.Background(), hello)
	select {
	case <-future.Done():
		res, err, _ := future.Result()
		fmt.Println(res.StatusCode, err)
	case <-time.After(time.Minute):
		fmt.Println("still under way")
	}
	// Output: 200 <nil>
}

func ExamplePromise() {
	promise := new(async.Promise[string])
	future := promise.Future()
	go promise.Resolve("done", nil)
	fmt.Println(future.Wait(context.Background()))
	// Output: done <nil>
}

func ExampleBackend_Flush() {
	queue := async.New(ok, async.Config{})
	defer queue.Close(context.Background())

	for range 3 {
		queue.Submit(context.Background(), hello)
	}
	fmt.Println(queue.Flush(context.Background()), queue.Stats().Delivered)
	// Output: <nil> 3
}

// A Close that runs out of time says what became of the rest.
func ExampleBackend_Close() {
	silent := backend.Func(func(ctx context.Context, req backend.Request) (backend.Response, error) {
		<-ctx.Done()
		return backend.Response{}, backend.NewError(req.Op(), backend.Unknown, ctx.Err())
	})
	queue := async.New(silent, async.Config{Workers: 1})
	for range 3 {
		queue.Submit(context.Background(), hello)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := queue.Close(ctx)
	var drain *async.DrainError
	fmt.Println(errors.As(err, &drain), drain.CutOff.Total())
	// Output: true 3
}

func ExampleBackend_Stats() {
	queue := async.New(ok, async.Config{})
	for range 3 {
		queue.Submit(context.Background(), hello)
	}
	_ = queue.Close(context.Background())
	queue.Submit(context.Background(), hello)

	stats := queue.Stats()
	fmt.Println(stats.Accepted, "accepted,", stats.Delivered, "delivered,", stats.Refused.Closed, "refused")
	// Output: 3 accepted, 3 delivered, 1 refused
}
