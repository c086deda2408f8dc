package pushertest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func newRecorded(t *testing.T, recorder *pushertest.Recorder) *pusher.Client {
	t.Helper()
	client, err := pusher.New(pusher.Config{AppID: "1", Key: "k", Secret: "s", Backend: recorder})
	require.NoError(t, err)
	return client
}

func TestRecorderRecords(t *testing.T) {
	t.Parallel()
	var recorder pushertest.Recorder
	client := newRecorded(t, &recorder)
	ctx := deadline(t)

	_, err := client.Trigger(ctx, "a", "one", "1", pusher.ExcludeSocket("1.2"), pusher.WithIdempotencyKey("key"))
	require.NoError(t, err)
	_, err = client.TriggerMulti(ctx, []string{"a", "b"}, "two", map[string]int{"n": 2})
	require.NoError(t, err)
	_, err = client.TriggerBatch(ctx, []pusher.Event{{Channel: "c", Name: "three", Data: "3"}, {Channel: "d", Name: "four", Data: "4"}})
	require.NoError(t, err)
	require.NoError(t, client.TerminateUserConnections(ctx, "7"))

	assert.Equal(t, []pushertest.Event{
		{Channel: "a", Name: "one", Data: "1", SocketID: "1.2", IdempotencyKey: "key"},
		{Channel: "a", Name: "two", Data: `{"n":2}`},
		{Channel: "b", Name: "two", Data: `{"n":2}`},
		{Channel: "c", Name: "three", Data: "3"},
		{Channel: "d", Name: "four", Data: "4"},
	}, recorder.Events())
	calls := recorder.Calls()
	require.Len(t, calls, 4)
	assert.Equal(t, "/apps/1/events", calls[0].Path)
	assert.Equal(t, "/apps/1/users/7/terminate_connections", calls[3].Path)

	// What it returns is the caller's.
	calls[0].Body[0] = 'x'
	recorder.Events()[0].Name = "changed"
	assert.Equal(t, "one", recorder.Events()[0].Name)

	recorder.Respond(500, "")
	recorder.Reset()
	assert.Empty(t, recorder.Calls())
	assert.Empty(t, recorder.Events())
	require.NoError(t, client.Ping(ctx))
}

func TestRecorderSucceedsInTheShapeOfTheProtocol(t *testing.T) {
	t.Parallel()
	var recorder pushertest.Recorder
	client := newRecorded(t, &recorder)
	ctx := deadline(t)

	triggered, err := client.TriggerMulti(ctx, []string{"presence-a", "b"}, "e", "d", pusher.WithInfo(pusher.UserCount))
	require.NoError(t, err)
	assert.Len(t, triggered.Channels, 2)
	batch, err := client.TriggerBatch(ctx, []pusher.Event{
		{Channel: "presence-a", Name: "e", Data: "d", Info: []pusher.Attribute{pusher.UserCount}}, {Channel: "b", Name: "e", Data: "d"},
	})
	require.NoError(t, err)
	assert.Len(t, batch.Events, 2)
	list, err := client.Channels(ctx, pusher.ChannelsQuery{})
	require.NoError(t, err)
	assert.Empty(t, list.Channels)
	state, err := client.Channel(ctx, "a")
	require.NoError(t, err)
	assert.False(t, state.Occupied)
	users, err := client.ChannelUsers(ctx, "presence-a")
	require.NoError(t, err)
	assert.Empty(t, users.Users)
}

// send sends a call as the SDK's core would.
func send(ctx context.Context, recorder *pushertest.Recorder, call backend.Call) (backend.Response, error) {
	return recorder.Send(ctx, backend.NewRequest(call, nil))
}

func TestRecorderScript(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := backend.Call{
		Op: "trigger", Method: http.MethodPost, Path: "/apps/1/events", Body: []byte(`{"name":"e","channel":"c","data":"d","info":"user_count"}`),
	}
	recorder := pushertest.Recorder{Handler: func(call backend.Call) (backend.Response, error) {
		return backend.Response{StatusCode: 418, Body: []byte(call.Op)}, nil
	}}
	notSent := backend.NewError("trigger", backend.NotSent, io.EOF)
	recorder.Respond(200, `{}`)
	recorder.Respond(200, `{"error":"no","code":401}`)
	recorder.Fail(io.ErrUnexpectedEOF)
	recorder.Fail(notSent)

	res, err := send(ctx, &recorder, call)
	require.NoError(t, err)
	assert.Equal(t, 200, res.StatusCode)
	assert.JSONEq(t, `{}`, string(res.Body))
	assert.Equal(t, "application/json", res.Header.Get("Content-Type"))
	res, err = send(ctx, &recorder, call)
	require.NoError(t, err)
	assert.Equal(t, 401, res.EffectiveStatus())

	_, err = send(ctx, &recorder, call)
	var failure *backend.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, backend.Unknown, failure.Outcome)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = send(ctx, &recorder, call)
	assert.Same(t, notSent, err)

	res, err = send(ctx, &recorder, call)
	require.NoError(t, err)
	assert.Equal(t, backend.Response{StatusCode: 418, Body: []byte("trigger")}, res)

	assert.Len(t, recorder.Calls(), 5)
	assert.Equal(t, []pushertest.Event{{Channel: "c", Name: "e", Data: "d"}}, recorder.Events(), "only what was answered with success")

	recorder.Handler = nil
	res, err = send(ctx, &recorder, call)
	require.NoError(t, err)
	assert.JSONEq(t, `{"channels":{"c":{}}}`, string(res.Body))
}

func TestRecorderHandlerFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	recorder := pushertest.Recorder{Handler: func(backend.Call) (backend.Response, error) { return backend.Response{}, broken }}
	_, err := newRecorded(t, &recorder).Trigger(deadline(t), "a", "e", "d")
	require.ErrorIs(t, err, broken)
	assert.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
}

func TestRecorderRespectsAnEndedContext(t *testing.T) {
	t.Parallel()
	var recorder pushertest.Recorder
	recorder.Respond(503, "")
	ctx, cancel := context.WithCancel(deadline(t))
	cancel()
	_, err := send(ctx, &recorder, backend.Call{Op: "trigger"})
	var failure *backend.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, backend.NotSent, failure.Outcome)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, recorder.Calls())
	res, err := send(deadline(t), &recorder, backend.Call{Op: "trigger"})
	require.NoError(t, err)
	assert.Equal(t, 503, res.StatusCode, "the script waited")
}

func TestRecorderConcurrently(t *testing.T) {
	t.Parallel()
	var recorder pushertest.Recorder
	client := newRecorded(t, &recorder)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			recorder.Respond(200, "{}")
			_, err := client.Trigger(t.Context(), "a", "e", map[string]string{"k": "v"}, pusher.WithInfo(pusher.SubscriptionCount))
			assert.NoError(t, err) //nolint:testifylint // require must not end a goroutine of the test
			_ = recorder.Events()
			_ = recorder.Calls()
		})
	}
	callers.Wait()
	assert.Len(t, recorder.Events(), 8)
	assert.Len(t, recorder.Calls(), 8)
}
