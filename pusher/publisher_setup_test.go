package pusher_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// delivery is an event as it comes over the wire.
type delivery struct {
	Name    string `json:"name"`
	Channel string `json:"channel"`
	Data    string `json:"data"`
}

// ledger is a server in memory. It keeps what it accepted, in order, and whether a
// channel was ever in two requests at once.
type ledger struct {
	// answer decides about a request, of which number counts from 1. Nil: yes to all.
	answer func(ctx context.Context, number int, events []delivery) (backend.Response, error)

	mu       sync.Mutex
	requests []request
	accepted []delivery
	busy     map[string]int
	now      int
	most     int // requests at once
	doubled  int
}

type request struct {
	path   string
	body   string
	events []delivery
}

func (l *ledger) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	_ = req.URL()
	events := deliveries(req)
	number := l.begin(req, events)
	res, err := success, error(nil)
	if l.answer != nil {
		res, err = l.answer(ctx, number, events)
	}
	l.end(events, err == nil && res.EffectiveStatus() < 300)
	return res, err
}

func (l *ledger) begin(req backend.Request, events []delivery) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, request{req.Path(), string(req.Body()), events})
	l.now++
	l.most = max(l.most, l.now)
	if l.busy == nil {
		l.busy = make(map[string]int)
	}
	for _, channel := range channelsOf(events) {
		if l.busy[channel]++; l.busy[channel] > 1 {
			l.doubled++
		}
	}
	return len(l.requests)
}

func (l *ledger) end(events []delivery, accepted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now--
	for _, channel := range channelsOf(events) {
		l.busy[channel]--
	}
	if accepted {
		l.accepted = append(l.accepted, events...)
	}
}

// accept takes events on without saying so.
func (l *ledger) accept(events ...delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted = append(l.accepted, events...)
}

func (l *ledger) all() ([]request, []delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]request(nil), l.requests...), append([]delivery(nil), l.accepted...)
}

// data returns the data of what was accepted, joined.
func (l *ledger) data() string {
	_, accepted := l.all()
	return joined(accepted)
}

func joined(events []delivery) string {
	texts := make([]string, len(events))
	for i, e := range events {
		texts[i] = e.Data
	}
	return strings.Join(texts, " ")
}

func channelsOf(events []delivery) []string {
	var names []string
	seen := make(map[string]bool)
	for _, e := range events {
		if !seen[e.Channel] {
			seen[e.Channel] = true
			names = append(names, e.Channel)
		}
	}
	return names
}

func deliveries(req backend.Request) []delivery {
	var body struct {
		delivery

		Channels []string   `json:"channels"`
		Batch    []delivery `json:"batch"`
	}
	if err := json.Unmarshal(req.Body(), &body); err != nil {
		panic(err)
	}
	if body.Batch != nil {
		return body.Batch
	}
	body.Channel = body.Channels[0]
	return []delivery{body.delivery}
}

// statusOf answers with a status and a reason.
func statusOf(status int, header ...string) (backend.Response, error) {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return backend.Response{StatusCode: status, Header: h, Body: []byte("no")}, nil
}

// publisher returns a publisher over b, closed with the test.
func publisher(t *testing.T, b backend.Backend, cfg pusher.PublisherConfig, edits ...func(*pusher.Config)) *pusher.Publisher {
	t.Helper()
	client, _ := setup(t, append(edits, func(c *pusher.Config) { c.Backend = b })...)
	p, err := client.Publisher(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = p.Close(ctx)
	})
	return p
}

func text(channel, data string) pusher.Event {
	return pusher.Event{Channel: channel, Name: "e", Data: data}
}

func enqueue(t *testing.T, p *pusher.Publisher, events ...pusher.Event) {
	t.Helper()
	for _, e := range events {
		require.NoError(t, p.Enqueue(t.Context(), e))
	}
}

// requireBalance requires that nothing is lost in the books.
func requireBalance(t *testing.T, s pusher.PublisherStats) {
	t.Helper()
	require.Equal(t, s.Accepted, s.Delivered+s.Failed.Total()+s.Pending)
	r := s.FailedFor
	require.Equal(t, s.Failed.Total(), r.Rejected+r.RateLimited+r.ServerError+r.Timeout+r.Transport+r.Unreadable+r.Closed+r.Other)
	require.GreaterOrEqual(t, s.Pending, int64(0))
	require.Equal(t, s.Pending, s.Queued+s.InFlight)
	require.GreaterOrEqual(t, s.Queued, int64(0))
	require.GreaterOrEqual(t, s.InFlight, int64(0))
	require.GreaterOrEqual(t, s.InFlightBytes, int64(0))
}

// results keeps what OnResult is told.
type results struct {
	mu   sync.Mutex
	list []pusher.PublishResult
}

func (r *results) add(result pusher.PublishResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, result)
}

func (r *results) all() []pusher.PublishResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]pusher.PublishResult(nil), r.list...)
}

var success = backend.Response{StatusCode: http.StatusOK, Body: []byte("{}")}
