package async_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend/async"
)

func TestFutureIsResolvedOnce(t *testing.T) {
	t.Parallel()
	var p async.Promise[int]
	f := p.Future()
	pending(t, f)
	assert.Same(t, f, p.Future())

	assert.True(t, p.Resolve(1, errTest))
	assert.False(t, p.Resolve(2, nil))
	value, err, done := f.Result()
	assert.True(t, done)
	assert.Equal(t, 1, value)
	require.ErrorIs(t, err, errTest)
	value, err = f.Wait(t.Context())
	assert.Equal(t, 1, value)
	require.ErrorIs(t, err, errTest)
	<-f.Done()
}

func TestFutureWithManyWaitersAndResolvers(t *testing.T) {
	t.Parallel()
	for range 200 {
		var p async.Promise[int]
		f := p.Future()
		var wg sync.WaitGroup
		results := make(chan int, 16)
		won := make(chan int, 4)
		for i := range 4 {
			wg.Go(func() {
				value, err := f.Wait(t.Context())
				assert.NoError(t, err)
				results <- value
			})
			wg.Go(func() {
				<-f.Done()
				value, _, done := f.Result()
				assert.True(t, done)
				results <- value
			})
			wg.Go(func() {
				if p.Resolve(i, nil) {
					won <- i
				}
			})
		}
		wg.Wait()
		require.Len(t, won, 1)
		winner := <-won
		require.Len(t, results, 8)
		for range 8 {
			require.Equal(t, winner, <-results)
		}
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p async.Promise[string]
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		value, err := p.Future().Wait(ctx)
		assert.Empty(t, value)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.EqualError(t, err, "wait for the result: context deadline exceeded")

		caused, cancelWith := context.WithCancelCause(t.Context())
		cancelWith(errTest)
		_, err = p.Future().Wait(caused)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, errTest)

		p.Resolve("late", nil)
		value, err = p.Future().Wait(caused)
		require.NoError(t, err, "the result is there, so it is returned")
		assert.Equal(t, "late", value)
	})
}
