package pushertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// webhookSender sends an app's webhooks from one goroutine, until the server's
// lifetime ends.
type webhookSender struct {
	app    *App
	cfg    WebhookConfig
	queue  *webhookQueue
	client *http.Client
	number int
	done   sync.WaitGroup

	mu     sync.Mutex
	recent recent[Webhook]
}

func newWebhookSender(a *App) *webhookSender {
	cfg := a.cfg.Webhooks
	w := &webhookSender{
		app: a, cfg: cfg, client: cfg.Client,
		queue:  newWebhookQueue(cfg, a.srv.cfg.SubscriptionCounts),
		recent: recent[Webhook]{keep: a.srv.cfg.KeepDeliveries},
	}
	if w.client == nil {
		w.client = &http.Client{
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment},
			// A redirect would lose the body or repeat it.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	w.done.Go(func() { w.run(a.srv.lifetime) })
	return w
}

// hook takes in what a webhook is to tell. It never waits: whoever holds the hub's
// lock may call it.
func (h *hub) hook(e WebhookEvent) {
	if _, ofUser := userOf(e.Channel); h.hooks != nil && !ofUser {
		h.hooks.add(e)
	}
}

var errTooManyPending = errors.New("too many events wait to be sent")

func (w *webhookSender) add(e WebhookEvent) {
	if !w.queue.add(e) {
		w.record(Webhook{Events: []WebhookEvent{e}, Err: errTooManyPending})
	}
}

func (w *webhookSender) wait() { w.done.Wait() }

func (w *webhookSender) sent() []Webhook {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.recent.all()
}

func (w *webhookSender) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recent.forget()
}

func (w *webhookSender) run(ctx context.Context) {
	if w.cfg.Client == nil {
		defer w.client.CloseIdleConnections()
	}
	for ctx.Err() == nil {
		batch, wait := w.queue.take(time.Now())
		switch {
		case len(batch) > 0:
			w.send(ctx, batch)
		case wait < 0:
			pause(ctx, nil, w.queue.wake)
		default:
			timer := time.NewTimer(wait)
			pause(ctx, timer.C, w.queue.wake)
			timer.Stop()
		}
	}
}

// pause waits for the first of all those things.
func pause(ctx context.Context, timer <-chan time.Time, wake <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-timer:
	case <-wake:
	}
}

// send sends a webhook until it is answered with success or there is no more time.
func (w *webhookSender) send(ctx context.Context, events []WebhookEvent) {
	w.number++
	now := w.app.now()
	at := now.UnixMilli()
	if w.app.srv.cfg.Quirks.WebhookSeconds {
		at = now.Unix()
	}
	body := string(encodeJSON(map[string]any{"time_ms": at, "events": events}))
	header := w.cfg.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	header.Set("X-Pusher-Key", w.app.cfg.Key)
	header.Set("X-Pusher-Signature", w.app.sign.sum(body))

	giveUp := time.Now().Add(w.cfg.RetryFor)
	backoff := w.cfg.Backoff
	for attempt := 1; ; attempt++ {
		hook := Webhook{Number: w.number, Attempt: attempt, Events: events, Header: header.Clone(), Body: body}
		hook.Status, hook.Err = w.try(ctx, header, body)
		if ctx.Err() != nil {
			return
		}
		w.record(hook)
		if hook.Delivered() || w.cfg.RetryFor < 0 || time.Now().Add(backoff).After(giveUp) || !hold(ctx, backoff) {
			return
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// try makes one attempt.
func (w *webhookSender) try(ctx context.Context, header http.Header, body string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	target := w.cfg.URL
	if w.cfg.Handler != nil {
		target = "/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = header.Clone()
	if w.cfg.Handler != nil {
		return handleWebhook(w.cfg.Handler, req)
	}
	res, err := w.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	// Read, so that the connection can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16))
	return res.StatusCode, nil
}

func (w *webhookSender) record(hook Webhook) {
	hook.Time = w.app.now()
	w.mu.Lock()
	w.recent.add(hook)
	w.mu.Unlock()
	w.app.hub.tell(Activity{Kind: ActivityWebhook, Webhook: &hook})
}

// handleWebhook calls a handler as net/http would, and gives it up when the request's
// context ends.
func handleWebhook(handler http.Handler, req *http.Request) (int, error) {
	type answer struct {
		status int
		err    error
	}
	answered := make(chan answer, 1)
	req.RequestURI, req.RemoteAddr = req.URL.RequestURI(), "127.0.0.1:0"
	go func() {
		a := answer{err: errHandlerExit}
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("the webhook handler panicked: %v", p)
			}
			answered <- a
		}()
		var w statusWriter
		handler.ServeHTTP(&w, req)
		w.WriteHeader(http.StatusOK)
		a = answer{status: w.status}
	}()
	select {
	case a := <-answered:
		return a.status, a.err
	case <-req.Context().Done():
		return 0, req.Context().Err()
	}
}

var errHandlerExit = errors.New("the webhook handler called runtime.Goexit, as t.FailNow does")

// statusWriter keeps an answer's status only.
type statusWriter struct {
	header http.Header
	status int
}

func (w *statusWriter) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *statusWriter) Write(body []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(body), nil
}
