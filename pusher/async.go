package pusher

import (
	"context"
	"net/http"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/async"
)

// AsyncClient makes the calls of a [Client] without waiting for the server. Each
// method takes what the client's takes and returns a future of what that returns.
// All are safe for concurrent use.
//
// Arguments are checked and data is encoded before a method returns, so the caller
// may change them at once; requests are signed when they are sent. A refused call,
// be it invalid ([*ValidationError]) or for want of room ([async.ErrQueueFull]), is
// a future that has failed already, and counted in the Stats.
//
// A call's context governs its way into the queue only: with [async.Block] a full
// queue makes the caller wait until it ends. After that the call goes on with the
// context's values, and not with its cancellation or deadline. Each call is sent by
// the client's backend, within Config.Timeout an attempt, and fails as the client's
// method says. Errors of futures that nobody waits for go to
// [async.Config.OnError].
//
// Calls are begun in order and may arrive in another: where the order of events
// counts, or there are many, use a Publisher.
type AsyncClient struct {
	client *Client
	queue  *async.Backend
}

// Async returns a view of the client that queues its calls, and starts cfg.Workers
// goroutines. [AsyncClient.Close] ends them; the client itself stays usable, and is
// to be closed after that. Nothing in cfg can be wrong.
func (c *Client) Async(cfg async.Config) *AsyncClient {
	// As a function it cannot be closed: it is the client's.
	return &AsyncClient{client: c, queue: async.New(backend.Func(c.backend.Send), cfg)}
}

// Flush waits until all calls that were accepted before are done, see
// [async.Backend.Flush].
func (a *AsyncClient) Flush(ctx context.Context) error { return a.queue.Flush(ctx) }

// Close takes no more calls, waits until all accepted ones are done, and ends the
// workers. When ctx ends first it cuts off what is left, and the error, an
// [*async.DrainError], counts what became of it. See [async.Backend.Close].
func (a *AsyncClient) Close(ctx context.Context) error { return a.queue.Close(ctx) }

// Stats returns a snapshot of what the queue has done and is doing.
func (a *AsyncClient) Stats() async.Stats { return a.queue.Stats() }

// Trigger is [Client.Trigger] without the wait.
func (a *AsyncClient) Trigger(ctx context.Context, channel, event string, data any, options ...TriggerOption) *async.Future[TriggerResult] {
	op, err := a.client.trigger("trigger", "channel", []string{channel}, event, data, options)
	return submit(ctx, a, op, err)
}

// TriggerMulti is [Client.TriggerMulti] without the wait.
func (a *AsyncClient) TriggerMulti(ctx context.Context, channels []string, event string, data any, options ...TriggerOption) *async.Future[TriggerResult] {
	op, err := a.client.trigger("trigger", "channels", channels, event, data, options)
	return submit(ctx, a, op, err)
}

// TriggerBatch is [Client.TriggerBatch] without the wait.
func (a *AsyncClient) TriggerBatch(ctx context.Context, events []Event, options ...TriggerOption) *async.Future[BatchResult] {
	op, err := a.client.batch(events, options)
	return submit(ctx, a, op, err)
}

// Broadcast is [Client.Broadcast] without the wait. To the queue it is one call,
// whose requests one worker sends one after the other; it counts as failed if one
// of them fails.
func (a *AsyncClient) Broadcast(ctx context.Context, channels []string, event string, data any, options ...TriggerOption) *async.Future[BroadcastResult] {
	b, err := a.client.broadcast(channels, event, data, options)
	if err != nil {
		return async.Refuse[BroadcastResult](a.queue, err)
	}
	return async.Submit(ctx, a.queue, "broadcast", func(ctx context.Context, via backend.Backend) (BroadcastResult, Outcome, error) {
		result, err := b.send(ctx, a.client, via)
		return result, OutcomeOf(err), err
	})
}

// SendToUser is [Client.SendToUser] without the wait.
func (a *AsyncClient) SendToUser(ctx context.Context, userID, event string, data any, options ...TriggerOption) *async.Future[TriggerResult] {
	op, err := a.client.sendToUser(userID, event, data, options)
	return submit(ctx, a, op, err)
}

// Channels is [Client.Channels] without the wait.
func (a *AsyncClient) Channels(ctx context.Context, query ChannelsQuery) *async.Future[ChannelList] {
	op, err := a.client.channels(query)
	return submit(ctx, a, op, err)
}

// Channel is [Client.Channel] without the wait.
func (a *AsyncClient) Channel(ctx context.Context, name string, attributes ...Attribute) *async.Future[ChannelState] {
	op, err := a.client.channel(name, attributes)
	return submit(ctx, a, op, err)
}

// ChannelUsers is [Client.ChannelUsers] without the wait.
func (a *AsyncClient) ChannelUsers(ctx context.Context, name string) *async.Future[UserList] {
	op, err := a.client.channelUsers(name)
	return submit(ctx, a, op, err)
}

// TerminateUserConnections is [Client.TerminateUserConnections] without the wait.
func (a *AsyncClient) TerminateUserConnections(ctx context.Context, userID string) *async.Future[struct{}] {
	op, err := a.client.terminateUserConnections(userID)
	return submit(ctx, a, op, err)
}

// Ping is [Client.Ping] without the wait.
func (a *AsyncClient) Ping(ctx context.Context) *async.Future[struct{}] {
	return submit(ctx, a, a.client.ping(), nil)
}

// Get is [Client.Get] without the wait.
func (a *AsyncClient) Get(ctx context.Context, path string, params map[string]string) *async.Future[backend.Response] {
	call, err := a.client.rawCall(http.MethodGet, path, params, nil)
	return a.submitRaw(ctx, call, err)
}

// Post is [Client.Post] without the wait.
func (a *AsyncClient) Post(ctx context.Context, path string, params map[string]string, body any) *async.Future[backend.Response] {
	call, err := a.client.rawPost(path, params, body)
	return a.submitRaw(ctx, call, err)
}

// submit queues an operation, or refuses it with the error of building it.
func submit[T any](ctx context.Context, a *AsyncClient, op operation[T], err error) *async.Future[T] {
	if err != nil {
		return async.Refuse[T](a.queue, err)
	}
	return async.Submit(ctx, a.queue, op.call.Op, func(ctx context.Context, via backend.Backend) (T, Outcome, error) {
		result, err := doOver(ctx, a.client, via, op)
		return result, OutcomeOf(err), err
	})
}

func (a *AsyncClient) submitRaw(ctx context.Context, call backend.Call, err error) *async.Future[backend.Response] {
	if err != nil {
		return async.Refuse[backend.Response](a.queue, err)
	}
	return async.Submit(ctx, a.queue, call.Op, func(ctx context.Context, via backend.Backend) (backend.Response, Outcome, error) {
		res, err := a.client.send(ctx, via, call)
		return res, OutcomeOf(err), err
	})
}
