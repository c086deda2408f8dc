package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// Publisher returns a collector of a publisher's numbers: pass it the method value
// publisher.Stats. Their names begin with "pusher_publisher_". It is safe for
// concurrent use.
func Publisher(stats func() pusher.PublisherStats) prometheus.Collector {
	const p = "pusher_publisher_"
	type s = pusher.PublisherStats
	return &collector[s]{snapshot: stats, families: []family[s]{
		counter(p+"events_accepted_total", "Events that were taken in.",
			func(s s) float64 { return float64(s.Accepted) }),
		counter(p+"events_delivered_total", "Events that the server accepted.",
			func(s s) float64 { return float64(s.Delivered) }),
		counters(p+"events_failed_total", "Events that failed, by what that means for them.", "outcome",
			func(s s) map[string]int64 { return byOutcome(s.Failed) }),
		counters(p+"events_failed_by_reason_total", "The same events, by the reason of the last error.", "reason",
			func(s s) map[string]int64 { return failures(s.FailedFor) }),
		counters(p+"events_refused_total", "Events that were not taken in, by reason.", "reason",
			func(s s) map[string]int64 { return refusals(s.Refused) }),
		gauge(p+"events_pending", "Events that have no result yet.",
			func(s s) float64 { return float64(s.Pending) }),
		gauge(p+"events_queued", "Pending events that wait for their first request.",
			func(s s) float64 { return float64(s.Queued) }),
		gauge(p+"queued_bytes", "Bytes of the queued events.",
			func(s s) float64 { return float64(s.QueuedBytes) }),
		gauge(p+"events_in_flight", "Pending events that a sender has, retries included.",
			func(s s) float64 { return float64(s.InFlight) }),
		gauge(p+"in_flight_bytes", "Bytes of the events in flight.",
			func(s s) float64 { return float64(s.InFlightBytes) }),
		gauge(p+"oldest_queued_seconds", "How long the oldest queued event has waited.",
			func(s s) float64 { return s.OldestQueued.Seconds() }),
		gauge(p+"callers_blocked", "Calls that wait for room.",
			func(s s) float64 { return float64(s.Blocked) }),
		gauge(p+"requests_in_flight", "Requests that are under way.",
			func(s s) float64 { return float64(s.Requests) }),
		gauge(p+"requests_waiting", "Requests that wait for their retry.",
			func(s s) float64 { return float64(s.Waiting) }),
		counter(p+"retries_total", "Requests that were sent again, or wait for it.",
			func(s s) float64 { return float64(s.Retries) }),
		counter(p+"splits_total", "Refused batches whose events were sent singly.",
			func(s s) float64 { return float64(s.Splits) }),
		histogram(p+"batch_events", "Events in a request.",
			func(s s) []uint64 { return s.BatchSizes }),
		counter(p+"callback_panics_total", "Panics in OnResult and OnRetry.",
			func(s s) float64 { return float64(s.Panics) }),
	}}
}

func failures(r pusher.FailureReasons) map[string]int64 {
	return map[string]int64{
		"rejected":     r.Rejected,
		"rate_limited": r.RateLimited,
		"server_error": r.ServerError,
		"timeout":      r.Timeout,
		"transport":    r.Transport,
		"unreadable":   r.Unreadable,
		"closed":       r.Closed,
		"other":        r.Other,
	}
}

func refusals(r pusher.RefusalReasons) map[string]int64 {
	return map[string]int64{
		"invalid":  r.Invalid,
		"full":     r.Full,
		"canceled": r.Canceled,
		"closed":   r.Closed,
	}
}
