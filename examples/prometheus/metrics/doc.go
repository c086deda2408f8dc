// Package metrics exports what a [pusher.Publisher] and a [pusher.AsyncClient] do
// as Prometheus metrics. It is made to be copied.
//
//	registry.MustRegister(metrics.Publisher(publisher.Stats), metrics.AsyncClient(queue.Stats))
//
// Each scrape takes one snapshot, so the numbers of a scrape fit together:
// accepted = delivered + failed + pending. Two publishers in one registry need
// names of their own: register each through
// [github.com/prometheus/client_golang/prometheus.WrapRegistererWith].
//
// What to watch: the rate of events_failed_total by outcome, since "rejected",
// "not_sent" and "unknown" are events that are or may be lost; events_refused_total
// of reason "full", for which there was no room; and oldest_queued_seconds, which
// rises as soon as the server cannot keep up.
package metrics
