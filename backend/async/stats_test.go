package async_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend/async"
)

func TestStatsTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newGate()
		q, _ := full(t, inner, async.Config{Workers: 1}, 1)
		time.Sleep(3 * time.Second)
		s := q.Stats()
		assert.Equal(t, async.Stats{
			Accepted: 2, Pending: 2, Queued: 1, InFlight: 1, OldestQueued: 3 * time.Second,
		}, s)
		inner.open <- struct{}{}
		synctest.Wait()
		time.Sleep(time.Second)
		inner.open <- struct{}{}
		require.NoError(t, q.Flush(t.Context()))
		assert.Equal(t, async.Stats{
			Accepted: 2, Delivered: 2, QueueTime: 3 * time.Second, SendTime: 4 * time.Second,
		}, q.Stats())
	})
}
