package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// consoleStreams is how many pages may be open.
	consoleStreams = 32
	// consoleBacklog is how many activities wait for a page that is slow. It is told
	// how many more there were.
	consoleBacklog = 512
	// consoleStall is how long a page may take nothing before it is cut off.
	consoleStall = 20 * time.Second
)

// serveStream tells a page what happens, as server-sent events, until the page or
// the server closes. The server waits for no page: see [pushertest.Server.Watch].
func (c *console) serveStream(w http.ResponseWriter, r *http.Request) {
	defer c.streams.Add(-1)
	if c.streams.Add(1) > consoleStreams {
		writeProblem(w, http.StatusServiceUnavailable, fmt.Sprintf("the console is open %d times already", consoleStreams))
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(c.lifetime, cancel)() //nolint:contextcheck // the stream ends with the console too
	activities := c.channels.Watch(ctx, consoleBacklog)

	out := sseWriter{w: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	// A browser that lost the stream asks for it again after a second.
	if out.write("retry: 1000\n\n") != nil {
		return
	}
	heartbeat := time.NewTicker(c.heartbeat)
	defer heartbeat.Stop()
	for {
		var err error
		select {
		case activity, ok := <-activities:
			if !ok {
				return
			}
			var document []byte
			if document, err = json.Marshal(newConsoleActivity(activity)); err == nil {
				err = out.write("data: " + string(document) + "\n\n")
			}
		case <-heartbeat.C:
			err = out.write(": nothing happened\n\n")
		}
		if err != nil {
			return
		}
	}
}

// sseWriter writes to a page.
type sseWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// write sends text at once. The deadline is the write's own: that of the server is
// for answers that end.
func (s sseWriter) write(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(consoleStall)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}
