package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/examples/prometheus/metrics"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// gather returns what a scrape would, by name and label.
func gather(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name = fmt.Sprintf("%s{%s=%q}", name, label.GetName(), label.GetValue())
			}
			switch family.GetType() {
			case dto.MetricType_HISTOGRAM:
				values[name+"_count"] = float64(m.GetHistogram().GetSampleCount())
				values[name+"_sum"] = m.GetHistogram().GetSampleSum()
				for _, b := range m.GetHistogram().GetBucket() {
					values[fmt.Sprintf("%s_bucket{le=%v}", name, b.GetUpperBound())] = float64(b.GetCumulativeCount())
				}
			case dto.MetricType_COUNTER:
				values[name] = m.GetCounter().GetValue()
				if !strings.HasSuffix(family.GetName(), "_total") {
					t.Errorf("%s is a counter and should end in _total", name)
				}
			default:
				values[name] = m.GetGauge().GetValue()
			}
		}
	}
	return values
}

func compare(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for name, value := range want {
		if v, ok := got[name]; !ok || v != value {
			t.Errorf("%s is %v (there: %v), want %v", name, v, ok, value)
		}
	}
}

// number fills each number in v with another value and lists them by field, so
// that a field that is not exported, or under two names, is noticed.
func number(v reflect.Value, path string, next *int, fields map[string]float64) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			number(v.Field(i), path+"."+v.Type().Field(i).Name, next, fields)
		}
	case reflect.Int64:
		*next++
		n := int64(*next)
		fields[path] = float64(n)
		if v.Type() == reflect.TypeFor[time.Duration]() {
			n *= int64(time.Second)
		}
		v.SetInt(n)
	case reflect.Uint64:
		*next++
		fields[path] = float64(*next)
		v.SetUint(uint64(*next))
	default: // the histogram's slice
	}
}

func TestEveryNumberIsExportedOnce(t *testing.T) {
	t.Parallel()
	next := 1000
	var publisher pusher.PublisherStats
	var queue async.Stats
	for name, test := range map[string]struct {
		stats     reflect.Value
		collector prometheus.Collector
		sums      []string // exported as what they are the sum of
	}{
		"publisher": {
			stats:     reflect.ValueOf(&publisher).Elem(),
			collector: metrics.Publisher(func() pusher.PublisherStats { return publisher }),
		},
		"async client": {
			stats:     reflect.ValueOf(&queue).Elem(),
			collector: metrics.AsyncClient(func() async.Stats { return queue }),
			sums:      []string{".Failed"},
		},
	} {
		fields := map[string]float64{}
		number(test.stats, "", &next, fields)
		for _, sum := range test.sums {
			delete(fields, sum)
		}
		exported := map[float64]int{}
		for _, value := range gather(t, test.collector) {
			exported[value]++
		}
		for field, value := range fields {
			if exported[value] != 1 {
				t.Errorf("%s: %s is exported %d times, want once", name, field, exported[value])
			}
		}
	}
}

func TestBatchSizesAreAHistogram(t *testing.T) {
	t.Parallel()
	stats := pusher.PublisherStats{BatchSizes: []uint64{0, 7, 0, 2}}
	compare(t, gather(t, metrics.Publisher(func() pusher.PublisherStats { return stats })), map[string]float64{
		"pusher_publisher_batch_events_count":        9,
		"pusher_publisher_batch_events_sum":          13,
		"pusher_publisher_batch_events_bucket{le=1}": 7,
		"pusher_publisher_batch_events_bucket{le=2}": 7,
		"pusher_publisher_batch_events_bucket{le=3}": 9,
	})
}

func setup(t *testing.T) (*pushertest.Server, *pusher.Client) {
	t.Helper()
	srv := pushertest.NewServer(t)
	client, err := pusher.New(srv.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return srv, client
}

func TestPublisher(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	srv.Inject(pushertest.Fault{Status: 403, Times: 1})
	publisher, err := client.Publisher(pusher.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	// Each alone, so that one request is refused and has one event.
	for range 5 {
		if err := publisher.Enqueue(t.Context(), pusher.Event{Channel: "room", Name: "tick", Data: "1"}); err != nil {
			t.Fatal(err)
		}
		if err := publisher.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var invalid *pusher.ValidationError
	if err := publisher.TryEnqueue(pusher.Event{Channel: "no spaces", Name: "tick"}); !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	if err := publisher.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	compare(t, gather(t, metrics.Publisher(publisher.Stats)), map[string]float64{
		"pusher_publisher_events_accepted_total":                            5,
		"pusher_publisher_events_delivered_total":                           4,
		`pusher_publisher_events_failed_total{outcome="rejected"}`:          1,
		`pusher_publisher_events_failed_total{outcome="unknown"}`:           0,
		`pusher_publisher_events_failed_by_reason_total{reason="rejected"}`: 1,
		`pusher_publisher_events_refused_total{reason="invalid"}`:           1,
		"pusher_publisher_events_pending":                                   0,
		"pusher_publisher_batch_events_count":                               5,
	})
	if n := len(srv.Events()); n != 4 {
		t.Errorf("%d events arrived, want 4", n)
	}
}

func TestAsyncClient(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	srv.Inject(pushertest.Fault{Status: 403, Times: 1})
	queue := client.Async(async.Config{Workers: -1})
	for range 3 {
		queue.Trigger(t.Context(), "room", "tick", "1")
	}
	queue.Trigger(t.Context(), "no spaces", "tick", "1")
	if err := queue.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	compare(t, gather(t, metrics.AsyncClient(queue.Stats)), map[string]float64{
		"pusher_async_calls_accepted_total":                   3,
		"pusher_async_calls_delivered_total":                  2,
		`pusher_async_calls_failed_total{outcome="rejected"}`: 1,
		`pusher_async_calls_failed_total{outcome="not_sent"}`: 0,
		`pusher_async_calls_refused_total{reason="invalid"}`:  1,
		"pusher_async_calls_pending":                          0,
		"pusher_async_callback_panics_total":                  0,
	})
}
