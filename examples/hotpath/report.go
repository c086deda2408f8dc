package main

import (
	"fmt"
	"io"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// report prints what became of the events. Every accepted one is either delivered
// or failed, once the publisher is closed.
func report(out io.Writer, s pusher.PublisherStats) {
	requests, events := requestsOf(s)
	fmt.Fprintf(out, "accepted    %d events\n", s.Accepted)
	fmt.Fprintf(out, "delivered   %d\n", s.Delivered)
	fmt.Fprintf(out, "failed      %d: %d not sent, %d rejected, %d accepted without a readable answer, %d unknown\n",
		s.Failed.Total(), s.Failed.NotSent, s.Failed.Rejected, s.Failed.Accepted, s.Failed.Unknown)
	fmt.Fprintf(out, "refused     %d calls: %d invalid, %d without room, %d after closing\n",
		s.Refused.Invalid+s.Refused.Full+s.Refused.Canceled+s.Refused.Closed,
		s.Refused.Invalid, s.Refused.Full, s.Refused.Closed)
	fmt.Fprintf(out, "requests    %d, with %.1f events each, and %d retries\n", requests, float64(events)/float64(max(requests, 1)), s.Retries)
}

// reportArrived compares what was sent with what the server says.
func reportArrived(out io.Writer, s pusher.PublisherStats, arrived int) {
	fmt.Fprintf(out, "arrived     %d at the server: sent − accepted by the server = %d\n", arrived, s.Accepted-int64(arrived))
}

// requestsOf returns how many requests were made, and the events in them. An event
// that was sent again singly counts twice.
func requestsOf(s pusher.PublisherStats) (requests, events uint64) {
	for size, times := range s.BatchSizes {
		requests += times
		events += uint64(size) * times
	}
	return requests, events
}
