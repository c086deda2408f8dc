package pushertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ActivityKind says what an [Activity] is about.
type ActivityKind string

// The kinds, and which fields of an [Activity] they set beside Number, Time, AppID
// and Missed.
const (
	// ActivityConnected: SocketID.
	ActivityConnected ActivityKind = "connected"
	// ActivityRefused: Code and Reason, of a client that was closed as it connected.
	ActivityRefused ActivityKind = "refused"
	// ActivityDisconnected: SocketID, UserID, Code and Reason.
	ActivityDisconnected ActivityKind = "disconnected"
	// ActivitySignedIn: SocketID and UserID.
	ActivitySignedIn ActivityKind = "signed_in"
	// ActivitySubscribed: SocketID, Channel; UserID on presence channels.
	ActivitySubscribed ActivityKind = "subscribed"
	// ActivityUnsubscribed: as ActivitySubscribed.
	ActivityUnsubscribed ActivityKind = "unsubscribed"
	// ActivityEvent: Channel and Event, of an event that the HTTP API accepted, and
	// Recipients.
	ActivityEvent ActivityKind = "event"
	// ActivityClientEvent: the same of a client's event; SocketID is the client, and
	// UserID on presence channels.
	ActivityClientEvent ActivityKind = "client_event"
	// ActivityRequest: Request, answered.
	ActivityRequest ActivityKind = "request"
	// ActivityWebhook: Webhook, answered or failed.
	ActivityWebhook ActivityKind = "webhook"
)

// Activity is something that happened on a [Server]. See [Server.Watch].
type Activity struct {
	// Number counts all that happens on the server, from 1, in order.
	Number uint64
	// Missed is how many activities before this one the watcher was too slow for.
	Missed int
	Time   time.Time
	// AppID is "" for a request or a client of no known app.
	AppID string
	Kind  ActivityKind

	SocketID, UserID, Channel string
	// Code and Reason are those of the end of a connection: the protocol's, 1006
	// if it broke off.
	Code   int
	Reason string
	Event  Event
	// Recipients is how many connections an event went to.
	Recipients int
	Request    *Request
	Webhook    *Webhook
}

// Watch returns what happens on the server from now on, all apps together, in
// order. Up to buffer activities wait to be received (default: 1,024); a watcher
// that is further behind misses the newest, which slows no one. The channel is
// closed when ctx ends or the server closes.
func (s *Server) Watch(ctx context.Context, buffer int) <-chan Activity {
	if buffer <= 0 {
		buffer = 1_024
	}
	w := &watcher{out: make(chan Activity, buffer)}
	s.activity.add(w)
	watching, end := context.WithCancel(ctx)
	forget := context.AfterFunc(s.lifetime, end) //nolint:contextcheck // the watcher ends with the server too
	context.AfterFunc(watching, func() {
		forget() // or the server would hold on to the watcher
		end()
		s.activity.remove(w)
	})
	return w.out
}

// WaitUntil returns when condition holds. It is called now and after everything
// that happens on the server, one call at a time, and may call all methods that do
// not wait:
//
//	err := srv.WaitUntil(ctx, func() bool { return srv.Channel("presence-room").Occupied() })
//
// It fails when ctx ends or the server closes.
func (s *Server) WaitUntil(ctx context.Context, condition func() bool) error {
	if err := s.waitUntil(ctx, condition); err != nil {
		return fmt.Errorf("pushertest: wait: %w", err)
	}
	return nil
}

func (s *Server) waitUntil(ctx context.Context, condition func() bool) error {
	for {
		changed := s.activity.next()
		if condition() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.lifetime.Done():
			if condition() {
				return nil
			}
			return errors.New("the server is closed")
		}
	}
}

// activityLog tells watchers what happens. It keeps nothing.
type activityLog struct {
	now func() time.Time

	mu       sync.Mutex
	count    uint64
	watchers map[*watcher]struct{}
	// changed is closed when something happens. Nil while nobody waits.
	changed chan struct{}
}

// watcher is guarded by its log's lock.
type watcher struct {
	out    chan Activity
	missed int
}

// tell never waits. Whoever holds a lock may call it.
func (l *activityLog) tell(a Activity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	if len(l.watchers) == 0 {
		return
	}
	a.Number, a.Time = l.count, l.now()
	for w := range l.watchers {
		a.Missed = w.missed
		select {
		case w.out <- a:
			w.missed = 0
		default:
			w.missed++
		}
	}
}

// watched reports whether an activity's details are worth collecting.
func (l *activityLog) watched() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.watchers) > 0
}

// next returns a channel that is closed when something happens.
func (l *activityLog) next() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

func (l *activityLog) add(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[w] = struct{}{}
}

func (l *activityLog) remove(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.watchers[w]; ok {
		delete(l.watchers, w)
		close(w.out)
	}
}
