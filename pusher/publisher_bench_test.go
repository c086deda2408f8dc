package pusher_test

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// BenchmarkPublisher compares what a caller pays with a buffered channel send of a
// value of the same size to a running consumer. A round sums 20 bursts of 4,096,
// after each of which the buffer drains, unmeasured; the two sides take turns.
func BenchmarkPublisher(b *testing.B) {
	const bursts, burst = 20, 4096
	event := pusher.Event{Channel: "my-channel", Name: "my-event", Data: benchText}
	raw := event
	raw.Data = []byte(benchText)
	encoded := event
	encoded.Data = map[string]string{"text": benchText}
	for _, row := range []struct {
		name   string
		wait   time.Duration
		future bool
		event  pusher.Event
	}{
		{"enqueue over no-op", 0, false, event},
		{"enqueue over 1 ms", time.Millisecond, false, event},
		{"publish over no-op", 0, true, event},
		{"publish over 1 ms", time.Millisecond, true, event},
		{"enqueue bytes over no-op", 0, false, raw},
		{"enqueue with encoding over no-op", 0, false, encoded},
	} {
		b.Run(row.name, func(b *testing.B) {
			client, err := pusher.New(pusher.Config{AppID: "1", Key: "k", Secret: "s", Backend: backend.Func(
				func(_ context.Context, req backend.Request) (backend.Response, error) {
					_ = req.URL()
					if row.wait > 0 {
						time.Sleep(row.wait)
					}
					return success, nil
				})})
			require.NoError(b, err)
			p, err := client.Publisher(pusher.PublisherConfig{})
			require.NoError(b, err)
			defer p.Close(context.Background())
			events := make([]pusher.Event, 1000)
			for i := range events {
				events[i] = row.event
				events[i].Channel = "channel-" + strconv.Itoa(i)
			}
			ctx := context.Background()
			ours := func() (sum time.Duration) {
				for range bursts {
					begun := time.Now()
					for i := range burst {
						if row.future {
							_, err = p.Publish(ctx, events[i%len(events)])
						} else {
							err = p.Enqueue(ctx, events[i%len(events)])
						}
						if err != nil {
							b.Fatal(err)
						}
					}
					sum += time.Since(begun)
					_ = p.Flush(ctx)
				}
				return sum
			}
			type item [pusher.EntrySize]byte
			floor := func() (sum time.Duration) {
				queue, done := make(chan item, 10_000), make(chan struct{})
				go func() {
					for range queue {
					}
					close(done)
				}()
				var v item
				for range bursts {
					begun := time.Now()
					for range burst {
						queue <- v
					}
					sum += time.Since(begun)
					for len(queue) > 0 {
						runtime.Gosched()
					}
				}
				close(queue)
				<-done
				return sum
			}
			var ratios, nanos, floors []float64
			for b.Loop() {
				for round := range 15 {
					var a, f time.Duration
					runtime.GC()
					if round%2 == 0 {
						a = ours()
						runtime.GC()
						f = floor()
					} else {
						f = floor()
						runtime.GC()
						a = ours()
					}
					ratios = append(ratios, float64(a)/float64(f))
					nanos = append(nanos, float64(a)/bursts/burst)
					floors = append(floors, float64(f)/bursts/burst)
				}
			}
			slices.Sort(ratios)
			slices.Sort(nanos)
			slices.Sort(floors)
			b.ReportMetric(ratios[len(ratios)/2], "x-floor")
			b.ReportMetric(ratios[len(ratios)/10], "x-p10")
			b.ReportMetric(ratios[len(ratios)*9/10], "x-p90")
			b.ReportMetric(nanos[len(nanos)/2], "ns/event")
			b.ReportMetric(floors[len(floors)/2], "ns/send")
			b.ReportMetric(0, "ns/op")
		})
	}
}

var benchText = strings.Repeat("x", 100)
