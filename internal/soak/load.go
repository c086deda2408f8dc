package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// load is what goes through a backend.
type load struct{ events, callers int }

// result is what came of it.
type result struct {
	told           [4]int // failed calls by outcome
	succeeded      int
	server         report
	warm, end      uint64 // bytes of heap in use after two collections
	before, after  int    // goroutines
	lastGoroutines string
}

func (r result) String() string {
	return fmt.Sprintf("succeeded %d, rejected %d, unknown %d, accepted but unread %d, not sent %d; server accepted %d, twice %d; heap %.1f → %.1f MiB; goroutines %d → %d",
		r.succeeded, r.told[backend.Rejected], r.told[backend.Unknown], r.told[backend.Accepted], r.told[backend.NotSent],
		r.server.Accepted, r.server.Twice, mib(r.warm), mib(r.end), r.before, r.after)
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// judge returns what a backend did that it must not.
func (r result) judge() error {
	var failures []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			failures = append(failures, fmt.Errorf(format, args...))
		}
	}
	least := r.succeeded + r.told[backend.Accepted]
	check(r.succeeded > 0, "nothing succeeded")
	check(r.server.Twice == 0, "%d events were accepted twice", r.server.Twice)
	check(r.server.Accepted >= least, "callers were told that %d events arrived, but %d did", least, r.server.Accepted)
	check(r.server.Accepted <= least+r.told[backend.Unknown],
		"%d events arrived, which is more than callers were told (%d) or warned of (%d)", r.server.Accepted, least, r.told[backend.Unknown])
	check(r.end <= max(r.warm+r.warm/5, r.warm+2<<20), "the heap grew from %.1f to %.1f MiB", mib(r.warm), mib(r.end))
	check(r.after <= r.before, "%d goroutines are left:\n%s", r.after-r.before, r.lastGoroutines)
	return errors.Join(failures...)
}

// run warms a backend up with a tenth of the events, sends them all and closes it.
func (l load) run(s *server, b backend.Backend) (r result, err error) {
	r.before = runtime.NumGoroutine()
	client, err := s.client(b)
	if err != nil {
		return r, err
	}
	var discarded result
	if err := l.send(client, l.events/10, &discarded); err != nil {
		return r, err
	}
	if _, err := s.report(); err != nil {
		return r, err
	}
	r.warm = heap()
	if err := l.send(client, l.events, &r); err != nil {
		return r, err
	}
	r.end = heap()
	if r.server, err = s.report(); err != nil {
		return r, err
	}
	err = client.Close()
	return settle(r), err
}

// send triggers so many events, each with a number of its own.
func (l load) send(client *pusher.Client, events int, r *result) error {
	var (
		group     sync.WaitGroup
		next      atomic.Int64
		told      [4]atomic.Int64
		succeeded atomic.Int64
		invalid   atomic.Pointer[error]
	)
	for range l.callers {
		group.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(events) {
					return
				}
				_, err := client.Trigger(context.Background(), "channel-"+strconv.FormatInt(n%100, 10), "event", strconv.FormatInt(n, 10))
				if _, ok := errors.AsType[*pusher.ValidationError](err); ok {
					invalid.Store(&err)
					return
				}
				if err == nil {
					succeeded.Add(1)
				} else {
					told[pusher.OutcomeOf(err)].Add(1)
				}
			}
		})
	}
	group.Wait()
	if err := invalid.Load(); err != nil {
		return *err
	}
	r.succeeded = int(succeeded.Load())
	for outcome := range told {
		r.told[outcome] = int(told[outcome].Load())
	}
	return nil
}

// heap returns what is in use after two collections: the first one empties pools
// by half, the second wholly.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// settle waits up to 10 seconds for goroutines that are on their way out.
func settle(r result) result {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r.after = runtime.NumGoroutine()
		if r.after <= r.before || time.Now().After(deadline) {
			break
		}
	}
	if r.after > r.before {
		stacks := make([]byte, 64<<10)
		r.lastGoroutines = string(stacks[:runtime.Stack(stacks, true)])
	}
	return r
}
