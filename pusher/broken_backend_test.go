package pusher_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// What users' own backends and middlewares get wrong must not leak, panic or
// claim an outcome that nobody knows.

func TestBrokenBackend_acceptedWithoutACause(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.err = &backend.Error{Op: "x", Outcome: backend.Accepted, StatusCode: 200}
	err := one(t, client)
	var unreadable *pusher.ResponseError
	require.ErrorAs(t, err, &unreadable)
	require.NotEmpty(t, err.Error())
}

func TestBrokenBackend_signedURLAroundAnError(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cause := errors.New("boom")
	client, _ := setup(t, func(c *pusher.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Backend = backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
			return backend.Response{}, fmt.Errorf("sending %s: %w", req.URL(), backend.NewError(req.Op(), backend.NotSent, cause))
		})
	})
	err := one(t, client)
	require.ErrorIs(t, err, cause)
	require.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), log.String()} {
		require.NotContains(t, text, "auth_signature")
		require.NotContains(t, text, docKey)
	}
}

func TestBrokenBackend_noStatus(t *testing.T) {
	t.Parallel()
	client, _ := setup(t, func(c *pusher.Config) {
		c.Backend = backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
			return backend.Response{}, nil
		})
	})
	err := one(t, client)
	var transport *backend.Error
	require.ErrorAs(t, err, &transport)
	require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
}

func TestBrokenBackend_nilFuncAndNilEdit(t *testing.T) {
	t.Parallel()
	client, err := pusher.FromURL("https://k:s@h.example/apps/4", nil, func(c *pusher.Config) { c.Backend = backend.Func(nil) })
	require.NoError(t, err)
	require.Equal(t, pusher.NotSent, pusher.OutcomeOf(one(t, client)))
}
