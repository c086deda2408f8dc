package pushertest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// maxClientFrame bounds what a client may send at once, in bytes.
const maxClientFrame = 1 << 17

// connection is one WebSocket client, from the server's side. One goroutine reads
// from it and one writes to it.
type connection struct {
	socketID string
	out      *queue
	// breakOff ends both goroutines without a closing handshake.
	breakOff context.CancelFunc

	// The rest is guarded by the hub's lock.
	channels map[string]struct{}
	user     *user
	// gone says that the connection has left the hub, and can do nothing more.
	gone bool

	// sent holds the times of the latest client events. Only the reader uses it.
	sent []time.Time
}

// send queues a frame. A client that is too far behind is cut off, so that it
// keeps nobody waiting.
func (c *connection) send(frame []byte) {
	if !c.out.push(outgoing{frame: frame}) {
		c.breakOff()
	}
}

// hangUp closes the connection after what is queued.
func (c *connection) hangUp(code int, reason string) {
	if !c.out.push(outgoing{code: websocket.StatusCode(code), reason: reason}) {
		c.breakOff()
	}
}

// serveClient serves one WebSocket client until it or the server goes away.
func (s *Server) serveClient(w http.ResponseWriter, r *http.Request, escapedKey string) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		// A page from anywhere may connect, as with hosted Channels: what counts is
		// the authorization of each subscription.
		InsecureSkipVerify: true,
	})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(maxClientFrame)
	ctx, breakOff := context.WithCancel(s.lifetime)
	c := &connection{
		out:      newQueue(s.cfg.Limits.SendQueue),
		breakOff: breakOff,
		channels: map[string]struct{}{},
	}
	var writer sync.WaitGroup
	writer.Go(func() { c.write(ctx, ws) })
	if key, err := url.PathUnescape(escapedKey); err != nil || key != s.cfg.Key {
		c.refuse(closeUnknownApp, "there is no app with this key")
	} else if r.URL.Query().Get("protocol") != protocolVersion {
		c.refuse(closeUnsupportedVersion, "the protocol version must be "+protocolVersion)
	} else {
		s.hub.join(c)
	}
	s.read(ctx, ws, c)
	s.hub.leave(c)
	breakOff()
	writer.Wait()
	_ = ws.CloseNow()
}

// refuse closes a connection that never joined the hub.
func (c *connection) refuse(code int, message string) {
	c.gone = true
	c.send(errorFrame(code, message))
	c.hangUp(code, message)
}

// write sends what is queued until the connection ends.
func (c *connection) write(ctx context.Context, ws *websocket.Conn) {
	defer c.breakOff()
	for {
		out, ok := c.out.pop(ctx)
		if !ok {
			return
		}
		if out.code != 0 {
			_ = ws.Close(out.code, out.reason)
			return
		}
		if ws.Write(ctx, websocket.MessageText, out.frame) != nil {
			return
		}
	}
}

// read does what the client asks until the connection ends.
func (s *Server) read(ctx context.Context, ws *websocket.Conn, c *connection) {
	for {
		kind, text, err := ws.Read(ctx)
		if err != nil {
			return
		}
		var frame inFrame
		if kind != websocket.MessageText || json.Unmarshal(text, &frame) != nil {
			s.hub.do(c, func() { c.send(errorFrame(0, "a message must be a JSON object with an event")) })
			continue
		}
		s.serveFrame(c, frame)
	}
}
