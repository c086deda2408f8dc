package pushertest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxHeaderBytes bounds the header of a request. More is a 431.
const maxHeaderBytes = 64 << 10

// listening is a stretch of time in which a server accepts connections at its port.
type listening struct {
	http *http.Server
	// end ends the context of every request.
	end context.CancelFunc
	// handlers counts calls of the handler, conns the TCP connections that
	// net/http holds, serving the accept loop.
	handlers, conns, serving sync.WaitGroup
}

// listen begins one, until stop is called.
func listen(s *Server, listener net.Listener) *listening {
	ctx, end := context.WithCancel(s.lifetime)
	l := &listening{end: end}
	l.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.handlers.Add(1)
			defer l.handlers.Done()
			s.route(w, r)
		}),
		// A client that is slow on purpose holds nothing but its own connection, and
		// that not for long. For bodies, see readBody.
		ReadHeaderTimeout: s.cfg.ReadTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState:         l.countConn,
		// What net/http logs is about clients that went away, which tests do.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	l.serving.Go(func() { _ = l.http.Serve(listener) })
	return l
}

// stop closes the port, breaks all connections, and returns when every goroutine
// has ended.
func (l *listening) stop() {
	l.end()
	_ = l.http.Close()
	l.serving.Wait()
	l.conns.Wait()
	l.handlers.Wait()
}

func (l *listening) countConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		l.conns.Done()
	case http.StateActive, http.StateIdle:
	}
}
