package backend_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
)

func TestHeader(t *testing.T) {
	t.Parallel()
	type key struct{}
	set := backend.Header(func(ctx context.Context, h http.Header) {
		id, _ := ctx.Value(key{}).(string)
		h.Set("X-Trace", id)
		h.Set("Content-Type", "application/json; charset=utf-8")
	})
	var sent []http.Header
	b := backend.Chain(backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
		sent = append(sent, req.Header())
		return backend.Response{StatusCode: 200}, nil
	}), set)

	own := http.Header{"Content-Type": {"application/json"}, "X-Pusher-Library": {"pusher-go 1"}}
	for _, call := range []backend.Call{{Op: "trigger", Header: own}, {Op: "ping"}} {
		_, err := b.Send(context.WithValue(t.Context(), key{}, "trace-1"), backend.NewRequest(call, nil))
		require.NoError(t, err)
	}
	assert.Equal(t, []http.Header{
		{"Content-Type": {"application/json; charset=utf-8"}, "X-Pusher-Library": {"pusher-go 1"}, "X-Trace": {"trace-1"}},
		{"Content-Type": {"application/json; charset=utf-8"}, "X-Trace": {"trace-1"}},
	}, sent)
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}, "X-Pusher-Library": {"pusher-go 1"}}, own, "shared, so left alone")
}

func TestLog(t *testing.T) {
	t.Parallel()
	signed := errors.New(`Post "` + signedURL + `": EOF`)
	tests := map[string]struct {
		res   backend.Response
		err   error
		level string
		want  map[string]any // besides request and duration
	}{
		"success": {
			res:   backend.Response{StatusCode: 202, Body: []byte("{}")},
			level: "INFO", want: map[string]any{"status": 202.0, "received_bytes": 2.0},
		},
		"a refusal": {
			res:   backend.Response{StatusCode: 401, Body: []byte("query auth_key=k&auth_signature=s")},
			level: "WARN", want: map[string]any{"status": 401.0, "received_bytes": 33.0},
		},
		"a refusal that calls itself a success, after retries": {
			res:   backend.Response{StatusCode: 200, Body: []byte(`{"error":"x","code":429}`), Attempts: 5},
			level: "WARN", want: map[string]any{"status": 429.0, "received_bytes": 24.0, "attempts": 5.0},
		},
		"no answer": {
			err:   backend.NewError("trigger", backend.NotSent, context.Canceled),
			level: "WARN", want: map[string]any{"status": 0.0, "received_bytes": 0.0, "outcome": "not sent", "error": "trigger: not sent: context canceled"},
		},
		"no answer, after retries": {
			err:   &backend.Error{Op: "trigger", Outcome: backend.Unknown, Attempts: 3, Err: errors.New("reset")},
			level: "WARN", want: map[string]any{
				"status": 0.0, "received_bytes": 0.0, "attempts": 3.0, "outcome": "unknown", "error": "trigger: no answer after 3 attempts: reset",
			},
		},
		"an error with a signed URL": {
			err:   signed,
			level: "WARN", want: map[string]any{
				"status": 0.0, "received_bytes": 0.0, "outcome": "unknown", "error": `Post "https://api-mt1.pusher.com/apps/3/events[redacted]": EOF`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			b := backend.Chain(backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
				return tt.res, tt.err
			}), backend.Log(slog.New(slog.NewJSONHandler(&out, nil))))
			res, err := b.Send(t.Context(), backend.NewRequest(triggerCall(), leaky{"signer-secret"}))
			assert.Equal(t, tt.res, res, "passed on")
			assert.Equal(t, tt.err, err)

			var record map[string]any
			require.NoError(t, json.Unmarshal(out.Bytes(), &record))
			assert.Equal(t, tt.level, record["level"])
			assert.Equal(t, "pusher request", record["msg"])
			assert.Equal(t, map[string]any{"op": "trigger", "method": "POST", "path": "/apps/4/events", "bytes": 22.0}, record["request"])
			assert.GreaterOrEqual(t, record["duration"], 0.0)
			for _, field := range []string{"level", "msg", "request", "duration", "time"} {
				delete(record, field)
			}
			assert.Equal(t, tt.want, record)
			assertClean(t, "record", out.String())
		})
	}
}

func TestLogIsSilentBelowItsLevel(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := backend.Chain(answer(200), backend.Log(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))))
	_, err := b.Send(t.Context(), backend.Request{})
	require.NoError(t, err)
	assert.Empty(t, out.String())
}

// Not parallel: it replaces the default logger.
func TestLogToTheDefaultLogger(t *testing.T) { //nolint:paralleltest // see above
	b := backend.Chain(answer(200), backend.Log(nil))
	var out bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	_, err := b.Send(t.Context(), backend.Request{})
	require.NoError(t, err)
	assert.Contains(t, out.String(), "pusher request")
}
