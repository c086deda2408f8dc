package pushertest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// subscriberFrame is what the server sends, as it is received.
type subscriberFrame struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel"`
	Data    json.RawMessage `json:"data"`
	UserID  string          `json:"user_id"`
}

// into decodes the frame's data, be it a JSON text in a string or JSON itself.
func (f subscriberFrame) into(v any) { _ = json.Unmarshal([]byte(eventData(f.Data)), v) }

// failure is the data of pusher:error.
func (f subscriberFrame) failure() *ConnectionError {
	var data struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	f.into(&data)
	return &ConnectionError{Code: data.Code, Reason: data.Message}
}

// readGreeting waits for the socket id.
func readGreeting(ctx context.Context, ws *websocket.Conn) (string, error) {
	frame, err := readFrame(ctx, ws)
	if err != nil {
		return "", connectionError(err)
	}
	if frame.Event == "pusher:error" {
		return "", frame.failure()
	}
	var greeting struct {
		SocketID string `json:"socket_id"`
	}
	frame.into(&greeting)
	if frame.Event != "pusher:connection_established" || greeting.SocketID == "" {
		return "", errors.New("the server does not greet with a socket id")
	}
	return greeting.SocketID, nil
}

func readFrame(ctx context.Context, ws *websocket.Conn) (subscriberFrame, error) {
	var frame subscriberFrame
	_, text, err := ws.Read(ctx)
	if err != nil {
		return frame, err
	}
	return frame, json.Unmarshal(text, &frame)
}

// read takes in what arrives until the connection ends.
func (s *Subscriber) read(ctx context.Context) {
	defer close(s.done)
	for {
		frame, err := readFrame(ctx, s.ws)
		if err != nil {
			_ = s.ws.CloseNow()
			s.fail(connectionError(err))
			return
		}
		if frame.Event == "pusher:ping" {
			_ = s.ws.Write(ctx, websocket.MessageText, dataFrame("pusher:pong", "", "{}"))
			continue
		}
		s.mu.Lock()
		s.take(frame)
		s.mu.Unlock()
	}
}

// fail ends every wait with err.
func (s *Subscriber) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		err = net.ErrClosed
	}
	s.err = err
	s.announce()
}

// announce wakes all who wait for a message.
func (s *Subscriber) announce() {
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// take handles one frame, under the lock.
func (s *Subscriber) take(frame subscriberFrame) {
	switch frame.Event {
	case "pusher:pong":
		if len(s.pings) > 0 {
			s.pings[0] <- nil
			s.pings = s.pings[1:]
		}
		return
	case "pusher:signin_success":
		if s.signingIn != nil {
			confirm(s.signingIn, nil)
		}
		return
	case "pusher_internal:subscription_succeeded":
		s.setMembers(frame)
		if pending, ok := s.subscribing[frame.Channel]; ok {
			confirm(pending.confirmed, nil)
		}
		return
	case "pusher:subscription_error":
		if pending, ok := s.subscribing[frame.Channel]; ok {
			var data refusal
			frame.into(&data)
			confirm(pending.confirmed, &SubscriptionError{Channel: frame.Channel, Type: data.Type, Reason: data.Reason, Status: data.Status})
			return
		}
	case "pusher:error":
		if failure := frame.failure(); failure.Code == closeUnauthorized && s.refuse(failure) {
			return
		}
	case "pusher_internal:member_added", "pusher_internal:member_removed":
		s.changeMembers(frame)
	}
	message, err := s.open(frame)
	s.inbox = append(s.inbox, received{message, err})
	s.announce()
}

// refuse gives the server's no to who waits for a yes. Of subscriptions that is the
// oldest, since the error names none and the server answers in order. It reports
// false if nobody waits.
func (s *Subscriber) refuse(failure *ConnectionError) bool {
	if s.signingIn != nil {
		confirm(s.signingIn, failure)
		return true
	}
	oldest := ""
	for channel, pending := range s.subscribing {
		if oldest == "" || pending.number < s.subscribing[oldest].number {
			oldest = channel
		}
	}
	if oldest == "" {
		return false
	}
	confirm(s.subscribing[oldest].confirmed, &SubscriptionError{
		Channel: oldest, Type: "AuthError", Reason: failure.Reason, Status: http.StatusUnauthorized,
	})
	return true
}

// confirm never waits: whoever is confirmed twice hears the first only.
func confirm(waiting chan error, err error) {
	select {
	case waiting <- err:
	default:
	}
}

// open decrypts what the server did not send itself.
func (s *Subscriber) open(frame subscriberFrame) (Message, error) {
	message := Message{Event: frame.Event, Channel: frame.Channel, Data: eventData(frame.Data), UserID: frame.UserID}
	secret := s.secrets[frame.Channel]
	if secret == "" || strings.HasPrefix(frame.Event, "pusher:") || strings.HasPrefix(frame.Event, "pusher_internal:") {
		return message, nil
	}
	plaintext, err := Event{Channel: message.Channel, Name: message.Event, Data: message.Data}.Open(secret)
	if err != nil {
		return message, err
	}
	message.Data = plaintext
	return message, nil
}

func (s *Subscriber) setMembers(frame subscriberFrame) {
	if !isPresence(frame.Channel) {
		return
	}
	var data struct {
		Presence struct {
			IDs []string `json:"ids"`
		} `json:"presence"`
	}
	frame.into(&data)
	s.members[frame.Channel] = map[string]struct{}{}
	for _, id := range data.Presence.IDs {
		s.members[frame.Channel][id] = struct{}{}
	}
}

func (s *Subscriber) changeMembers(frame subscriberFrame) {
	var data memberRemoved
	frame.into(&data)
	members, ok := s.members[frame.Channel]
	switch {
	case !ok:
	case frame.Event == "pusher_internal:member_added":
		members[data.UserID] = struct{}{}
	default:
		delete(members, data.UserID)
	}
}

// beginSubscribe prepares for the confirmation, and for events that follow it at
// once. It returns the secret that the channel had before.
func (s *Subscriber) beginSubscribe(channel, secret string, confirmed chan error) (previous string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, twice := s.subscribing[channel]; twice {
		return "", errors.New("another subscription to it is under way")
	}
	s.asked++
	s.subscribing[channel] = pendingSubscription{confirmed, s.asked}
	previous = s.secrets[channel]
	if secret != "" {
		s.secrets[channel] = secret
	}
	return previous, nil
}

func (s *Subscriber) endSubscribe(channel, previous string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subscribing, channel)
	if err != nil {
		s.secrets[channel] = previous
	}
}

// await waits for a confirmation, the end of ctx or that of the connection.
func (s *Subscriber) await(ctx context.Context, confirmed chan error) error {
	select {
	case err := <-confirmed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.done:
	}
	select {
	case err := <-confirmed: // it came just before the end
		return err
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Subscriber) sendEvent(ctx context.Context, event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return s.write(ctx, inFrame{Event: event, Data: text})
}

// write sends a frame, unless ctx has ended. The library does not see ctx: it would
// break the connection off if ctx ended during the write, however short that is.
func (s *Subscriber) write(ctx context.Context, frame inFrame) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := s.ws.Write(context.WithoutCancel(ctx), websocket.MessageText, encodeJSON(frame))
	if err == nil {
		return nil
	}
	select {
	case <-s.done: // the reader knows why the connection ended
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.err
	case <-ctx.Done():
		return err
	}
}
