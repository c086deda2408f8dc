package pushertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/coder/websocket"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// Message is one event as a subscriber receives it.
type Message struct {
	// Event is the event's name. Those of the server itself begin with "pusher:"
	// or "pusher_internal:": "pusher_internal:member_added", "pusher:cache_miss".
	Event string
	// Channel is "" in a message that belongs to none.
	Channel string
	// Data is the event's data; plaintext on an encrypted channel whose shared
	// secret the subscription had, else ciphertext. What a client sent as other
	// JSON than a string is here as JSON.
	Data string
	// UserID is who sent a client event, on presence channels only.
	UserID string
}

// Subscriber is a client of the WebSocket protocol, for tests. It reads all the
// time and keeps what arrives, without limit, until [Subscriber.Next] takes it.
// All methods are safe for concurrent use.
type Subscriber struct {
	ws       *websocket.Conn
	socketID string
	// stop ends the reading goroutine, done is closed when it has ended.
	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	inbox []received
	// arrived is closed, and replaced, whenever the inbox or err changes.
	arrived chan struct{}
	// err is why the connection ended, nil while it has not.
	err     error
	closed  bool
	secrets map[string]string
	members map[string]map[string]struct{}
	// subscribing, signingIn and pings are what the server has yet to confirm.
	subscribing map[string]pendingSubscription
	signingIn   chan error
	pings       []chan error
	// asked is how many subscriptions were asked for.
	asked int
}

// pendingSubscription is one that the server has yet to confirm.
type pendingSubscription struct {
	confirmed chan error
	// number counts subscriptions, in the order in which they were asked for.
	number int
}

// received is a message, or why it could not be decrypted.
type received struct {
	message Message
	err     error
}

// Dial connects to a server that speaks the WebSocket protocol:
// "ws://host:port/app/{key}?protocol=7". ctx governs the connecting only. The
// caller must call [Subscriber.Close]. It fails with a [*ConnectionError] if the
// server refuses the connection.
func Dial(ctx context.Context, url string) (*Subscriber, error) {
	return dial(ctx, url, nil)
}

// dial connects through a dialer of its own, if it is not nil.
func dial(ctx context.Context, url string, dialer func(ctx context.Context, network, address string) (net.Conn, error)) (*Subscriber, error) {
	// A transport of its own leaves no idle connection behind.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	if dialer != nil {
		transport.Proxy, transport.DialContext = nil, dialer
	}
	options := &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}
	ws, _, err := websocket.Dial(ctx, url, options) //nolint:bodyclose // the library says that it needs no closing
	if err != nil {
		return nil, fmt.Errorf("pushertest: connect: %w", err)
	}
	ws.SetReadLimit(-1)
	socketID, err := readGreeting(ctx, ws)
	if err != nil {
		_ = ws.CloseNow()
		return nil, fmt.Errorf("pushertest: connect: %w", err)
	}
	reading, stop := context.WithCancel(context.Background())
	s := &Subscriber{
		ws:          ws,
		socketID:    socketID,
		stop:        stop,
		done:        make(chan struct{}),
		arrived:     make(chan struct{}),
		secrets:     map[string]string{},
		members:     map[string]map[string]struct{}{},
		subscribing: map[string]pendingSubscription{},
	}
	go s.read(reading) //nolint:contextcheck // ctx governs the connecting only
	return s, nil
}

// SocketID returns the id that the server gave this connection.
func (s *Subscriber) SocketID() string { return s.socketID }

// Subscribe subscribes to a channel, and returns when the server has confirmed.
// All but public channels need an authorization, as the SDK's AuthorizeChannel
// makes it; the shared secret in it, if any, decrypts the channel's events. At
// most one is used. It fails with a [*SubscriptionError] if the server refuses.
func (s *Subscriber) Subscribe(ctx context.Context, channel string, authorization ...pusher.ChannelAuth) error {
	var auth pusher.ChannelAuth
	if len(authorization) > 0 {
		auth = authorization[0]
	}
	confirmed := make(chan error, 1)
	previous, err := s.beginSubscribe(channel, auth.SharedSecret, confirmed)
	if err == nil {
		err = s.sendEvent(ctx, "pusher:subscribe", subscription{Channel: channel, Auth: auth.Auth, ChannelData: auth.ChannelData})
		if err == nil {
			err = s.await(ctx, confirmed)
		}
		s.endSubscribe(channel, previous, err)
	}
	if err != nil {
		return fmt.Errorf("pushertest: subscribe to %s: %w", channel, err)
	}
	return nil
}

// Unsubscribe ends a subscription, and returns when the server has done it.
func (s *Subscriber) Unsubscribe(ctx context.Context, channel string) error {
	if err := s.sendEvent(ctx, "pusher:unsubscribe", map[string]string{"channel": channel}); err != nil {
		return fmt.Errorf("pushertest: unsubscribe from %s: %w", channel, err)
	}
	// The server confirms an unsubscription with nothing, but answers in order.
	if err := s.Ping(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, channel)
	return nil
}

// SignIn signs a user in with what the SDK's AuthenticateUser made, and
// subscribes to the events that are sent to that user. It fails with a
// [*ConnectionError] if the server refuses.
func (s *Subscriber) SignIn(ctx context.Context, auth pusher.UserAuth) error {
	if err := s.signIn(ctx, auth); err != nil {
		return fmt.Errorf("pushertest: sign in: %w", err)
	}
	var user struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(auth.UserData), &user); err != nil {
		return fmt.Errorf("pushertest: sign in: %w", err)
	}
	var refused *SubscriptionError
	err := s.Subscribe(ctx, userPrefix+user.ID)
	if errors.As(err, &refused) && refused.Type == alreadySubscribed {
		return nil // signed in before
	}
	return err
}

func (s *Subscriber) signIn(ctx context.Context, auth pusher.UserAuth) error {
	confirmed := make(chan error, 1)
	s.mu.Lock()
	busy := s.signingIn != nil
	if !busy {
		s.signingIn = confirmed
	}
	s.mu.Unlock()
	if busy {
		return errors.New("another sign-in is under way")
	}
	defer func() {
		s.mu.Lock()
		s.signingIn = nil
		s.mu.Unlock()
	}()
	if err := s.sendEvent(ctx, "pusher:signin", map[string]string{"auth": auth.Auth, "user_data": auth.UserData}); err != nil {
		return err
	}
	return s.await(ctx, confirmed)
}

// Send sends a client event to the others on a private or presence channel. data
// is encoded as JSON. The server does not confirm: if it refuses, it sends
// "pusher:error", which [Subscriber.Next] returns.
func (s *Subscriber) Send(ctx context.Context, channel, event string, data any) error {
	text, err := json.Marshal(data)
	if err == nil {
		err = s.write(ctx, inFrame{Event: event, Channel: channel, Data: text})
	}
	if err != nil {
		return fmt.Errorf("pushertest: send %s to %s: %w", event, channel, err)
	}
	return nil
}

// Ping returns when the server has answered. What the server had sent to this
// subscriber before, [Subscriber.Next] then returns at once.
func (s *Subscriber) Ping(ctx context.Context) error {
	answered := make(chan error, 1)
	s.mu.Lock()
	s.pings = append(s.pings, answered)
	s.mu.Unlock()
	err := s.sendEvent(ctx, "pusher:ping", struct{}{})
	if err == nil {
		err = s.await(ctx, answered)
	} else {
		s.mu.Lock()
		s.pings = slices.DeleteFunc(s.pings, func(p chan error) bool { return p == answered })
		s.mu.Unlock()
	}
	if err != nil {
		return fmt.Errorf("pushertest: ping: %w", err)
	}
	return nil
}

// Next returns the oldest message that has not been returned yet, and waits for
// one if there is none. Messages come in the order in which the server sent them.
// It fails when ctx ends, or when the connection has ended and nothing is left:
// with a [*ConnectionError], or [net.ErrClosed] after [Subscriber.Close]. When a
// message cannot be decrypted, it returns that message and an error.
func (s *Subscriber) Next(ctx context.Context) (Message, error) {
	for {
		s.mu.Lock()
		if len(s.inbox) > 0 {
			next := s.inbox[0]
			s.inbox = s.inbox[1:]
			s.mu.Unlock()
			return next.message, next.err
		}
		err, arrived := s.err, s.arrived
		s.mu.Unlock()
		if err != nil {
			return Message{}, fmt.Errorf("pushertest: next message: %w", err)
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("pushertest: next message: %w", context.Cause(ctx))
		}
	}
}

// Members returns the ids of the users on a presence channel, sorted, as of what
// has arrived. Nil if there is no subscription to it.
func (s *Subscriber) Members(channel string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.members[channel]))
}

// Close closes the connection, and returns when the subscriber's goroutine has
// ended. Calling it again is harmless.
func (s *Subscriber) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	_ = s.ws.Close(websocket.StatusNormalClosure, "")
	s.stop()
	<-s.done
}

// SubscriptionError says that the server refused a subscription.
type SubscriptionError struct {
	Channel string
	// Type is "AuthError" for a wrong authorization.
	Type   string
	Reason string
	// Status is 401 for a wrong authorization.
	Status int
}

func (e *SubscriptionError) Error() string {
	return fmt.Sprintf("refused: %s (%s, %d)", e.Reason, e.Type, e.Status)
}

// ConnectionError says why the server refused or closed a connection.
type ConnectionError struct {
	// Code is the protocol's: 4001 for an unknown key, 4009 for a terminated user.
	// 1006 if the connection ended without one.
	Code   int
	Reason string
}

func (e *ConnectionError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("closed with code %d", e.Code)
	}
	return fmt.Sprintf("closed with code %d: %s", e.Code, e.Reason)
}

// connectionError tells why reading failed.
func connectionError(err error) error {
	var closing websocket.CloseError
	switch {
	case errors.Is(err, net.ErrClosed):
		return net.ErrClosed
	case errors.As(err, &closing):
		return &ConnectionError{Code: int(closing.Code), Reason: closing.Reason}
	default:
		return &ConnectionError{Code: int(websocket.StatusAbnormalClosure)}
	}
}
