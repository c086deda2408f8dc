// Package async puts a bounded queue and a fixed number of workers in front of any
// [backend.Backend].
//
// Used as a Backend, its Send waits for its turn and for the answer, so that no
// more than Config.Workers requests are under way at once. Work that is submitted
// returns a [Future] instead, and the caller goes on:
//
//	queue := async.New(nethttp.New(nil), async.Config{OnError: func(err error) { log.Print(err) }})
//	future := queue.Submit(ctx, req)  // returns once the request is queued
//	res, err := future.Wait(ctx)      // if anybody cares to know
//	err = queue.Close(ctx)            // sends what is queued, then ends
//
// Most programs use it through pusher.Client.Async, which returns futures of the
// results that the client's methods return.
//
// # What is guaranteed
//
// Every future is resolved exactly once: with the result, with the error of the
// backend, with [ErrQueueFull] if it was dropped, or with [ErrClosed]. Requests
// are begun in the order in which they were accepted; with more than one worker
// they may arrive in another. Nothing is written to disk: what is queued when the
// process dies is lost.
//
// The context of a call governs its way into the queue only. Once accepted, the
// work keeps the context's values and is no longer ended by its cancellation, or
// an HTTP handler that returns would take its own events back.
package async
