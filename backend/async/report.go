package async

import (
	"log/slog"
	"runtime/debug"
)

// fail resolves a call that was taken off its list and counted.
func (b *Backend) fail(it *item, err error) {
	defer b.finish(it) // also if OnError calls runtime.Goexit
	b.report(err, it.work.fail(err))
}

// failAll does so with many, and does not wait for OnError: when it returns, the
// futures are resolved.
func (b *Backend) failAll(items []*item, reason func(*item) error) {
	var untold []failure
	for _, it := range items {
		err := reason(it)
		if awaited := it.work.fail(err); awaited || b.onError == nil {
			b.finish(it)
			continue
		}
		untold = append(untold, failure{it: it, err: err})
	}
	if untold != nil {
		go b.tell(untold)
	}
}

// failure is a call that has failed, of which OnError is to be told.
type failure struct {
	it  *item
	err error
}

// tell reports failures one after the other.
func (b *Backend) tell(untold []failure) {
	defer func() {
		if len(untold) > 0 { // OnError has called runtime.Goexit
			go b.tell(untold)
		}
	}()
	for len(untold) > 0 {
		f := untold[0]
		untold = untold[1:]
		b.tellOne(f)
	}
}

func (b *Backend) tellOne(f failure) {
	defer b.finish(f.it)
	b.report(f.err, false)
}

// finish settles a call that no worker settles.
func (b *Backend) finish(it *item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settle(it)
}

// report tells OnError, unless somebody else gets to know. A panic goes no further
// than the log.
func (b *Backend) report(err error, awaited bool) {
	if err == nil || awaited || b.onError == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			b.mu.Lock()
			b.counts.panics++
			b.mu.Unlock()
			defer func() { _ = recover() }() // the user's handler may panic too
			slog.Error("pusher-go: async.Config.OnError panicked",
				slog.Any("error", &PanicError{Value: p}), slog.String("stack", string(debug.Stack())))
		}
	}()
	b.onError(err)
}
