package pushertest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// App is one app on a [Server], with connections, channels and events of its own.
// All methods are safe for concurrent use.
type App struct {
	srv  *Server
	cfg  AppConfig
	sign signature
	hub  *hub
	rate rate
	keys idempotencyKeys
}

func newApp(s *Server, cfg AppConfig) *App {
	a := &App{
		srv: s, cfg: cfg, sign: signature{key: cfg.Key, secret: []byte(cfg.Secret)},
		rate: rate{limit: s.cfg.RateLimit},
	}
	a.hub = newHub(s.cfg, func(event Activity) {
		event.AppID = cfg.ID
		s.activity.tell(event)
	})
	a.hub.disabled = cfg.Disabled
	if cfg.Webhooks.sends() {
		a.hub.hooks = newWebhookSender(a)
	}
	return a
}

// ID returns the app's id.
func (a *App) ID() string { return a.cfg.ID }

// Key returns the app's key.
func (a *App) Key() string { return a.cfg.Key }

// WebSocketURL returns the URL to which clients of the WebSocket protocol
// connect, for [Dial] and for other libraries' clients.
func (a *App) WebSocketURL() string {
	return "ws://" + a.srv.address + a.srv.cfg.PathPrefix + "/app/" + url.PathEscape(a.cfg.Key) +
		"?protocol=" + strconv.Itoa(protocolVersion) + "&client=pushertest&version=1.0"
}

// Config returns a configuration for [pusher.New] that reaches this app, with
// a master key for encrypted channels. Change or add to it as you like.
func (a *App) Config() pusher.Config {
	cfg := a.srv.cfg
	host, port, _ := net.SplitHostPort(a.srv.address)
	number, _ := strconv.Atoi(port)
	return pusher.Config{
		AppID:                     a.cfg.ID,
		Key:                       a.cfg.Key,
		Secret:                    a.cfg.Secret,
		Host:                      host,
		Port:                      number,
		DisableTLS:                true,
		PathPrefix:                cfg.PathPrefix,
		UnsignedPathPrefix:        cfg.UnsignedPathPrefix,
		EncryptionMasterKeyBase64: EncryptionMasterKeyBase64,
		Now:                       cfg.Now,
	}
}

// Subscriber connects a new subscriber to the app. When the server closes, the
// subscriber's connection does too: closing it is optional.
func (a *App) Subscriber(ctx context.Context) (*Subscriber, error) {
	return dial(ctx, a.WebSocketURL(), a.srv.dial)
}

// Events returns the events that the HTTP API accepted, in the order in which it
// did: one for each channel of a trigger, one for each event of a batch, also
// where a fault has kept the answer from the client. Client events are not among
// them. See [ServerConfig.KeepEvents].
func (a *App) Events() []Event { return a.hub.accepted() }

// Deliveries returns to whom each event went, those of clients too, in the order
// in which the server took them. See [ServerConfig.KeepDeliveries].
func (a *App) Deliveries() []Delivery { return a.hub.delivered() }

// Webhooks returns the requests that the app has made to its webhook endpoint, in
// that order, failed attempts too. See [ServerConfig.KeepDeliveries].
func (a *App) Webhooks() []Webhook {
	if a.hub.hooks == nil {
		return nil
	}
	return a.hub.hooks.sent()
}

// Snapshot returns what the app's connections and channels are at this moment.
func (a *App) Snapshot() Snapshot {
	snapshot := a.hub.snapshot()
	snapshot.AppID, snapshot.Key = a.cfg.ID, a.cfg.Key
	return snapshot
}

// Channel returns the state of a channel, be it occupied or not.
func (a *App) Channel(name string) Channel { return a.hub.channelSnapshot(name) }

// UserConnections returns the connections on which a user has signed in, ordered
// by socket id. A user without any is offline.
func (a *App) UserConnections(userID string) []Connection { return a.hub.userConnections(userID) }

// RefuseClients closes WebSocket clients as they connect, with a code of the
// protocol: 4100 when the server is over capacity, 4003 when the app is disabled.
// A code of 0 lets them in again. Those that are connected stay.
func (a *App) RefuseClients(code int, reason string) { a.hub.refuseClients(code, reason) }

// Disconnect closes the connections with these socket ids, all of the app's where
// none is given, with a code of the protocol: 4200 to have a client connect again
// at once, 4100 after a while, 4009 never. They have left every channel when it
// returns; that they are closed, clients learn after what was sent before. It
// returns how many connections there were.
func (a *App) Disconnect(code int, reason string, socketIDs ...string) int {
	return a.hub.disconnect(code, reason, socketIDs)
}

// SetDisabled disables the app or enables it again: see [AppConfig.Disabled].
// Clients that are connected stay.
func (a *App) SetDisabled(disabled bool) { a.hub.disable(disabled) }

// WaitForEvent returns the first event that satisfies match, of those that
// [App.Events] remembers, and waits for one if there is none. In a burst it misses
// what [ServerConfig.KeepEvents] has no room for. It fails when ctx ends.
func (a *App) WaitForEvent(ctx context.Context, match func(Event) bool) (Event, error) {
	var found Event
	after := 0
	err := a.srv.waitUntil(ctx, func() bool {
		events, seen := a.hub.acceptedAfter(after)
		after = seen
		for _, event := range events {
			if match(event) {
				found = event
				return true
			}
		}
		return false
	})
	if err != nil {
		return Event{}, fmt.Errorf("pushertest: wait for an event: %w", err)
	}
	return found, nil
}

// WaitForEvents waits until the HTTP API has accepted n events since the server
// started or [Server.Forget] was called, and returns what [App.Events] does then.
// It fails when ctx ends.
func (a *App) WaitForEvents(ctx context.Context, n int) ([]Event, error) {
	if err := a.srv.waitUntil(ctx, func() bool { return a.hub.countAccepted() >= n }); err != nil {
		return nil, fmt.Errorf("pushertest: wait for %d events: %w (there are %d)", n, err, a.hub.countAccepted())
	}
	return a.Events(), nil
}

func (a *App) now() time.Time { return a.srv.cfg.Now() }
