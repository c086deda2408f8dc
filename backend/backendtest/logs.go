package backendtest

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"os"
	"slices"
	"sync"
)

// logs is the process's: its loggers are variables of other packages, which runs
// that are parallel watch together.
var logs struct {
	// tapping guards restore and the loggers. Loggers hold a lock of their own
	// while they write, so writing takes the other one.
	tapping sync.Mutex
	restore func()

	mu      sync.Mutex
	watches []*watch
}

// watch collects what is logged.
type watch struct {
	mu      sync.Mutex
	text    bytes.Buffer
	stderr  func()
	stopped bool
}

// watchLogs begins to collect, until stop is called. Standard error is watched
// only if nothing else may be using the variable meanwhile.
func watchLogs(stderr bool) *watch {
	w := &watch{}
	logs.tapping.Lock()
	defer logs.tapping.Unlock()
	if addWatch(w) == 1 {
		logs.restore = tapLoggers()
	}
	if stderr {
		w.stderr = tapStderr(w)
	}
	return w
}

// stop ends the watch and returns what was logged. It may be called again.
func (w *watch) stop() string {
	logs.tapping.Lock()
	defer logs.tapping.Unlock()
	if !w.stopped {
		w.stopped = true
		if w.stderr != nil {
			w.stderr()
		}
		if removeWatch(w) == 0 {
			logs.restore()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// addWatch returns how many watches there are then.
func addWatch(w *watch) int {
	logs.mu.Lock()
	defer logs.mu.Unlock()
	logs.watches = append(logs.watches, w)
	return len(logs.watches)
}

func removeWatch(w *watch) int {
	logs.mu.Lock()
	defer logs.mu.Unlock()
	logs.watches = slices.DeleteFunc(logs.watches, func(other *watch) bool { return other == w })
	return len(logs.watches)
}

func (w *watch) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// tapLoggers copies what goes to the default loggers to every watch, and returns
// what undoes that.
func tapLoggers() (restore func()) {
	logger, output, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(slog.New(tapHandler{next: logger.Handler(), copied: slog.NewTextHandler(tee{io.Discard}, nil)}))
	// SetDefault has led log to slog.
	log.SetOutput(tee{output})
	log.SetFlags(flags)
	return func() {
		slog.SetDefault(logger)
		log.SetOutput(output)
		log.SetFlags(flags)
	}
}

// tee writes to every watch before it writes to next.
type tee struct{ next io.Writer }

func (t tee) Write(p []byte) (int, error) {
	logs.mu.Lock()
	for _, w := range logs.watches {
		_, _ = w.Write(p)
	}
	logs.mu.Unlock()
	return t.next.Write(p)
}

// tapHandler copies records of every level, also of those that next leaves out.
type tapHandler struct{ next, copied slog.Handler }

func (h tapHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h tapHandler) Handle(ctx context.Context, r slog.Record) error {
	_ = h.copied.Handle(ctx, r.Clone())
	if h.next.Enabled(ctx, r.Level) {
		return h.next.Handle(ctx, r)
	}
	return nil
}

func (h tapHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tapHandler{h.next.WithAttrs(attrs), h.copied.WithAttrs(attrs)}
}

func (h tapHandler) WithGroup(name string) slog.Handler {
	return tapHandler{h.next.WithGroup(name), h.copied.WithGroup(name)}
}

// tapStderr copies what is written to os.Stderr to w as well, and returns what
// undoes that.
func tapStderr(w io.Writer) (restore func()) {
	r, pipe, err := os.Pipe()
	if err != nil {
		return nil
	}
	stderr := os.Stderr
	os.Stderr = pipe // loggers of libraries write there
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(io.MultiWriter(stderr, w), r)
		_ = r.Close()
	}()
	return func() {
		os.Stderr = stderr
		_ = pipe.Close()
		<-copied
	}
}
