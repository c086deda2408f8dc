package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-588517f9/pusher-go/backend/async"
)

// collector turns a snapshot of S into metrics. It holds no state of its own and
// is safe for concurrent use.
type collector[S any] struct {
	snapshot func() S
	families []family[S]
}

// family is one metric: a number, several by label, or a histogram.
type family[S any] struct {
	desc    *prometheus.Desc
	collect func(desc *prometheus.Desc, stats S, out chan<- prometheus.Metric)
}

func (c *collector[S]) Describe(out chan<- *prometheus.Desc) {
	for _, f := range c.families {
		out <- f.desc
	}
}

func (c *collector[S]) Collect(out chan<- prometheus.Metric) {
	stats := c.snapshot()
	for _, f := range c.families {
		f.collect(f.desc, stats, out)
	}
}

// counter is a number that never goes down.
func counter[S any](name, help string, value func(S) float64) family[S] {
	return number(prometheus.CounterValue, name, help, value)
}

// gauge is a number of now.
func gauge[S any](name, help string, value func(S) float64) family[S] {
	return number(prometheus.GaugeValue, name, help, value)
}

func number[S any](kind prometheus.ValueType, name, help string, value func(S) float64) family[S] {
	return family[S]{
		desc: prometheus.NewDesc(name, help, nil, nil),
		collect: func(desc *prometheus.Desc, stats S, out chan<- prometheus.Metric) {
			out <- prometheus.MustNewConstMetric(desc, kind, value(stats))
		},
	}
}

// counters is a counter for each value of a label.
func counters[S any](name, help, label string, values func(S) map[string]int64) family[S] {
	return family[S]{
		desc: prometheus.NewDesc(name, help, []string{label}, nil),
		collect: func(desc *prometheus.Desc, stats S, out chan<- prometheus.Metric) {
			for value, n := range values(stats) {
				out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), value)
			}
		},
	}
}

// histogram is a distribution over small whole numbers: values[n] is how often n
// was seen.
func histogram[S any](name, help string, values func(S) []uint64) family[S] {
	return family[S]{
		desc: prometheus.NewDesc(name, help, nil, nil),
		collect: func(desc *prometheus.Desc, stats S, out chan<- prometheus.Metric) {
			var count, sum uint64
			buckets := map[float64]uint64{}
			for n, times := range values(stats) {
				count += times
				sum += uint64(n) * times
				if n > 0 {
					buckets[float64(n)] = count
				}
			}
			out <- prometheus.MustNewConstHistogram(desc, count, float64(sum), buckets)
		},
	}
}

func byOutcome(o async.Outcomes) map[string]int64 {
	return map[string]int64{
		"not_sent": o.NotSent,
		"rejected": o.Rejected,
		"accepted": o.Accepted,
		"unknown":  o.Unknown,
	}
}
