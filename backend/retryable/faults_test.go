package retryable_test

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/retryable"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// impatience is how long an attempt may take, slowness how long the slow ones do.
// A busy machine makes others slow, too, which changes nothing of what must hold.
const (
	impatience = 250 * time.Millisecond
	slowness   = 300 * time.Millisecond
)

// misfortunes are all that can befall a request, with or without its being
// carried out.
func misfortunes(seed uint64) []pushertest.Fault {
	return []pushertest.Fault{
		{Refuse: true, Probability: 0.3, Seed: seed},
		{Reset: true, Probability: 0.04, Seed: seed},
		{Reset: true, AfterAccepting: true, Probability: 0.04, Seed: seed},
		{Status: http.StatusInternalServerError, Probability: 0.04, Seed: seed},
		{Status: http.StatusServiceUnavailable, Probability: 0.04, Seed: seed},
		{Status: http.StatusGatewayTimeout, AfterAccepting: true, Probability: 0.02, Seed: seed},
		{Status: http.StatusServiceUnavailable, RetryAfter: time.Microsecond, Probability: 0.04, Seed: seed},
		{Status: http.StatusTooManyRequests, Probability: 0.04, Seed: seed},
		{Status: http.StatusTooManyRequests, RetryAfter: time.Hour, Probability: 0.04, Seed: seed},
		{Status: http.StatusOK, Body: `{"error":"over capacity","code":503}`, Probability: 0.02, Seed: seed},
		{Truncate: true, Probability: 0.02, Seed: seed},
		{Latency: slowness, Probability: 0.003, Seed: seed},
		{Latency: slowness, AfterAccepting: true, Probability: 0.003, Seed: seed},
	}
}

// campaign is many events sent through faults, and what became of each.
type campaign struct {
	// results holds Send's error for each event.
	results []error
	// accepted counts how often the server accepted each event.
	accepted []int
	retries  int64
}

func run(t *testing.T, events int, policy backend.RetryPolicy) campaign {
	t.Helper()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Faults: misfortunes(20260301), KeepRequests: -1})
	transport := nethttp.NewTransport()
	transport.Proxy = nil
	transport.DialContext = srv.DialContext
	var retries atomic.Int64
	policy.MinBackoff, policy.MaxBackoff, policy.MaxElapsed = -1, time.Nanosecond, -1
	policy.OnRetry = func(backend.Retry) { retries.Add(1) }
	cfg := srv.Config()
	cfg.Timeout = impatience
	cfg.Backend = retryable.New(over(transport), policy)
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })

	c := campaign{results: make([]error, events), accepted: make([]int, events)}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for id := next.Add(1) - 1; id < int64(events); id = next.Add(1) - 1 {
				_, c.results[id] = client.Trigger(t.Context(), "my-channel", "my-event", strconv.FormatInt(id, 10))
			}
		})
	}
	wg.Wait()
	c.retries = retries.Load()
	srv.RefuseConnections() // returns when what was given up has ended
	for _, event := range srv.Events() {
		id, err := strconv.Atoi(event.Data)
		require.NoError(t, err)
		c.accepted[id]++
	}
	return c
}

func TestAtMostOnceDuplicatesNothing(t *testing.T) {
	t.Parallel()
	const events = 10_000
	c := run(t, events, backend.RetryPolicy{MaxAttempts: 4})
	outcomes := map[pusher.Outcome]int{}
	for id, err := range c.results {
		outcome := pusher.OutcomeOf(err)
		outcomes[outcome]++
		switch {
		case c.accepted[id] > 1:
			t.Errorf("event %d: accepted %d times", id, c.accepted[id])
		case outcome == pusher.Accepted && c.accepted[id] != 1:
			t.Errorf("event %d: reported as accepted, which it was not: %v", id, err)
		case errors.Is(err, pusher.ErrServer): // 5xx is the server's word, and no proof
		case (outcome == pusher.Rejected || outcome == pusher.NotSent) && c.accepted[id] != 0:
			t.Errorf("event %d: reported as %s, yet it was accepted: %v", id, outcome, err)
		}
	}
	t.Logf("%d retries; outcomes: %v", c.retries, outcomes)
	assert.Positive(t, c.retries, "what can be retried is")
	assert.Positive(t, outcomes[pusher.Accepted])
	assert.Positive(t, outcomes[pusher.Rejected])
	assert.Positive(t, outcomes[pusher.Unknown])
}

func TestAtLeastOnceLosesNothing(t *testing.T) {
	t.Parallel()
	const events = 1_000
	c := run(t, events, backend.RetryPolicy{Delivery: backend.AtLeastOnce, MaxAttempts: -1})
	twice := 0
	for id, err := range c.results {
		if c.accepted[id] == 0 {
			t.Errorf("event %d is lost: %v", id, err)
		}
		if err != nil && pusher.OutcomeOf(err) != pusher.Accepted {
			t.Errorf("event %d: %v", id, err)
		}
		if c.accepted[id] > 1 {
			twice++
		}
	}
	t.Logf("%d retries; %d events arrived more than once", c.retries, twice)
	assert.Positive(t, twice, "as the policy's documentation says: that is the price")
}
