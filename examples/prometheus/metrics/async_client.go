package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-588517f9/pusher-go/backend/async"
)

// AsyncClient returns a collector of a queue's numbers: pass it the method value
// queue.Stats, of a pusher.AsyncClient or an async.Backend. Their names begin with
// "pusher_async_". It is safe for concurrent use.
func AsyncClient(stats func() async.Stats) prometheus.Collector {
	const p = "pusher_async_"
	type s = async.Stats
	return &collector[s]{snapshot: stats, families: []family[s]{
		counter(p+"calls_accepted_total", "Calls that were taken in.",
			func(s s) float64 { return float64(s.Accepted) }),
		counter(p+"calls_delivered_total", "Calls that succeeded.",
			func(s s) float64 { return float64(s.Delivered) }),
		counters(p+"calls_failed_total", "Calls that failed, by what that means for them.", "outcome",
			func(s s) map[string]int64 { return byOutcome(s.FailedBy) }),
		counter(p+"calls_dropped_total", "Failed calls that made room for newer ones.",
			func(s s) float64 { return float64(s.Dropped) }),
		counter(p+"calls_withdrawn_total", "Failed calls whose context ended while they were queued.",
			func(s s) float64 { return float64(s.Withdrawn) }),
		counters(p+"calls_refused_total", "Calls that were not taken in, by reason.", "reason",
			func(s s) map[string]int64 { return refused(s.Refused) }),
		gauge(p+"calls_pending", "Calls that are not done.",
			func(s s) float64 { return float64(s.Pending) }),
		gauge(p+"calls_queued", "Pending calls that wait for a worker.",
			func(s s) float64 { return float64(s.Queued) }),
		gauge(p+"calls_in_flight", "Pending calls that a worker is at.",
			func(s s) float64 { return float64(s.InFlight) }),
		gauge(p+"callers_waiting", "Callers who wait for room.",
			func(s s) float64 { return float64(s.Waiting) }),
		gauge(p+"oldest_queued_seconds", "How long the oldest queued call has waited.",
			func(s s) float64 { return s.OldestQueued.Seconds() }),
		counter(p+"queue_seconds_total", "Time that finished calls have waited for a worker.",
			func(s s) float64 { return s.QueueTime.Seconds() }),
		counter(p+"send_seconds_total", "Time that workers have been at finished calls.",
			func(s s) float64 { return s.SendTime.Seconds() }),
		counter(p+"callback_panics_total", "Panics in OnError.",
			func(s s) float64 { return float64(s.OnErrorPanics) }),
	}}
}

func refused(r async.Refused) map[string]int64 {
	return map[string]int64{
		"full":     r.Full,
		"closed":   r.Closed,
		"canceled": r.Canceled,
		"invalid":  r.Invalid,
	}
}
