package pushertest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// connection is one WebSocket client, from the server's side. One goroutine reads
// from it, one writes to it and one watches whether it is alive.
type connection struct {
	number   int // of the app's connections, from 1
	socketID string
	client   string
	remote   string
	opened   time.Time
	out      *queue
	// breakOff ends all goroutines without a closing handshake.
	breakOff context.CancelFunc
	// heard has a token when a message has come from the client.
	heard chan struct{}

	// The rest is guarded by the hub's lock.
	channels map[string]struct{}
	user     *user
	// gone says that the connection has left the hub, and can do nothing more.
	gone bool

	// sent holds the times of the latest client events. Only the reader uses it.
	sent []time.Time
}

// userID is who has signed in, "" for nobody.
func (c *connection) userID() string {
	if c.user == nil {
		return ""
	}
	return c.user.id
}

// send queues a frame. A client that is too far behind is cut off, so that it
// keeps nobody waiting.
func (c *connection) send(frame []byte) {
	if !c.out.push(outgoing{frame: frame}) {
		c.breakOff()
	}
}

// hangUp closes the connection after what is queued.
func (c *connection) hangUp(how closing) {
	if !c.out.push(outgoing{code: websocket.StatusCode(how.code), reason: how.reason}) {
		c.breakOff()
	}
}

// serveClient serves one WebSocket client until it goes away, or the request's
// context ends.
func (s *Server) serveClient(w http.ResponseWriter, r *http.Request, escapedKey string) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		// A page from anywhere may connect, as with hosted Channels: what counts is
		// the authorization of each subscription.
		InsecureSkipVerify: true,
	})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(int64(s.cfg.Limits.FrameBytes))
	ctx, breakOff := context.WithCancel(r.Context())
	query := r.URL.Query()
	c := &connection{
		out:      newQueue(s.cfg.Limits.SendQueue, s.cfg.Limits.SendQueueBytes),
		client:   strings.TrimSpace(query.Get("client") + " " + query.Get("version")),
		remote:   r.RemoteAddr,
		breakOff: breakOff,
		heard:    make(chan struct{}, 1),
		channels: map[string]struct{}{},
	}
	var others sync.WaitGroup
	others.Go(func() { c.write(ctx, ws, s.cfg.PongTimeout) })
	a, refused := s.admit(r, escapedKey)
	if refused == nil {
		refused = a.hub.join(c)
	}
	if refused != nil {
		a = nil
		s.refuseClient(c, *refused)
	} else {
		others.Go(func() { s.watch(ctx, a, c) })
	}
	how := c.read(ctx, ws, a)
	if a != nil {
		a.hub.leave(c, how)
	}
	breakOff()
	others.Wait()
	_ = ws.CloseNow()
}

// admit returns the app that a client wants, or why there is none for it.
func (s *Server) admit(r *http.Request, escapedKey string) (*App, *closing) {
	key, err := url.PathUnescape(escapedKey)
	version := r.URL.Query().Get("protocol")
	number, versionErr := strconv.Atoi(version)
	a := s.byKey[key]
	switch {
	case s.cfg.RequireTLS && r.TLS == nil:
		return nil, &closing{closeTLSOnly, "the app takes connections with TLS only"}
	case err != nil || strings.Contains(key, "/") || key == "":
		return nil, &closing{closeNoSuchPath, "the path must be /app/ and the app's key"}
	case version == "":
		return nil, &closing{closeNoVersion, "the parameter protocol is missing"}
	case versionErr != nil:
		return nil, &closing{closeInvalidVersion, "the protocol version must be a number"}
	case number != protocolVersion:
		return nil, &closing{closeUnsupportedVersion, "the protocol version must be " + strconv.Itoa(protocolVersion)}
	case a == nil:
		return nil, &closing{closeUnknownApp, "there is no app with this key"}
	}
	return a, nil
}

// refuseClient closes a connection that never joined a hub.
func (s *Server) refuseClient(c *connection, how closing) {
	c.send(errorFrame(how.code, how.reason))
	c.hangUp(how)
	s.activity.tell(Activity{Kind: ActivityRefused, Code: how.code, Reason: how.reason})
}

// write sends what is queued until the connection ends. A client has a while to
// take each frame: one that has stopped reading may never fill its queue.
func (c *connection) write(ctx context.Context, ws *websocket.Conn, patience time.Duration) {
	defer c.breakOff()
	stuck := time.AfterFunc(patience, c.breakOff)
	defer stuck.Stop()
	for {
		stuck.Stop()
		out, ok := c.out.pop(ctx)
		if !ok {
			return
		}
		stuck.Reset(patience)
		if out.code != 0 {
			_ = ws.Close(out.code, out.reason)
			return
		}
		if ws.Write(ctx, websocket.MessageText, out.frame) != nil {
			return
		}
	}
}

// watch pings a client that is silent, and closes the connection if it stays so.
func (s *Server) watch(ctx context.Context, a *App, c *connection) {
	if s.cfg.ActivityTimeout < 0 {
		return
	}
	timer := time.NewTimer(s.cfg.ActivityTimeout)
	defer timer.Stop()
	pinged := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.heard:
			pinged = false
			timer.Reset(s.cfg.ActivityTimeout)
		case <-timer.C:
			if pinged {
				a.hub.do(c, func() { a.hub.expel(c, closing{closeNoPong, "there was no pong in time"}) })
				return
			}
			a.hub.do(c, func() { c.send(dataFrame("pusher:ping", "", "{}")) })
			pinged = true
			timer.Reset(s.cfg.PongTimeout)
		}
	}
}

// read does what the client asks until the connection ends, and returns how it
// did. Without an app, it only waits for that.
func (c *connection) read(ctx context.Context, ws *websocket.Conn, a *App) closing {
	for {
		kind, text, err := ws.Read(ctx)
		if err != nil {
			return howItEnded(err)
		}
		select {
		case c.heard <- struct{}{}:
		default:
		}
		if a == nil {
			continue
		}
		if kind == websocket.MessageText && !utf8.Valid(text) {
			// Passed on to others, it would end their connections (RFC 6455, section 8.1).
			a.hub.do(c, func() {
				a.hub.expel(c, closing{int(websocket.StatusInvalidFramePayloadData), "a text message must be UTF-8"})
			})
			continue
		}
		var frame inFrame
		if kind != websocket.MessageText || json.Unmarshal(text, &frame) != nil || frame.Event == "" {
			a.hub.do(c, func() { c.send(errorFrame(0, "a message must be a JSON object with an event")) })
			continue
		}
		a.serveFrame(c, frame)
	}
}

func howItEnded(err error) closing {
	if ended, ok := errors.AsType[websocket.CloseError](err); ok {
		return closing{int(ended.Code), ended.Reason}
	}
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return closing{int(websocket.StatusMessageTooBig), "the message was too long"}
	}
	return closing{code: int(websocket.StatusAbnormalClosure)}
}
