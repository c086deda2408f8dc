package ratelimit_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/ratelimit"
)

// counting returns a backend that notes how long after start each request came.
func counting(sent *[]time.Duration, start time.Time) backend.Backend {
	return backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
		*sent = append(*sent, time.Since(start))
		return backend.Response{StatusCode: 200}, nil
	})
}

var request = backend.NewRequest(backend.Call{Op: "trigger", Method: "POST", Path: "/apps/4/events"}, nil)

func TestRequestsWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := rate.NewLimiter(rate.Every(100*time.Millisecond), 2)
		var sent []time.Duration
		start := time.Now()
		one := backend.Chain(counting(&sent, start), ratelimit.New(limiter))
		other := backend.Chain(counting(&sent, start), ratelimit.New(limiter))
		for i := range 5 {
			b := []backend.Backend{one, other}[i%2]
			res, err := b.Send(t.Context(), request)
			require.NoError(t, err)
			assert.Equal(t, 200, res.StatusCode)
		}
		assert.Equal(t, []time.Duration{0, 0, 100 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond}, sent,
			"a burst of two, then one every 100 ms, from both backends together")
	})
}

func TestRequestsThatWaitInVain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		limiter *rate.Limiter
		context func(context.Context) (context.Context, context.CancelFunc)
		want    error
		takes   time.Duration
	}{
		"canceled while waiting": {
			rate.NewLimiter(rate.Every(time.Minute), 1),
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			},
			context.Canceled, time.Second,
		},
		"the turn would come too late": {
			rate.NewLimiter(rate.Every(time.Minute), 1),
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Second)
			},
			context.DeadlineExceeded, 0,
		},
		"the deadline is past": {
			rate.NewLimiter(rate.Every(time.Minute), 1),
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, -1)
			},
			context.DeadlineExceeded, 0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var sent []time.Duration
				b := backend.Chain(counting(&sent, time.Now()), ratelimit.New(tt.limiter))
				_, err := b.Send(t.Context(), request)
				require.NoError(t, err)

				ctx, cancel := tt.context(t.Context())
				defer cancel()
				start := time.Now()
				_, err = b.Send(ctx, request)
				var failed *backend.Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, "trigger", failed.Op)
				assert.Equal(t, backend.NotSent, failed.Outcome)
				require.ErrorIs(t, err, tt.want)
				assert.Equal(t, tt.takes, time.Since(start), "on the bubble's clock")
				assert.Len(t, sent, 1)
			})
		})
	}
}

func TestLimiterThatLetsNothingThrough(t *testing.T) {
	t.Parallel()
	var sent []time.Duration
	b := backend.Chain(counting(&sent, time.Now()), ratelimit.New(rate.NewLimiter(rate.Every(time.Minute), 0)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	_, err := b.Send(ctx, request)
	require.ErrorContains(t, err, "burst")
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, sent)
}
