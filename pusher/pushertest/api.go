package pushertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// apiCall is a request whose signature was verified.
type apiCall struct {
	// name is the channel or the user of the path, "" where there is none.
	name   string
	query  map[string]string
	header http.Header
	body   []byte
	// claimed are the idempotency keys that the call was the first to bring.
	claimed []*idempotencyKey
}

// apiError is a refusal. Its reason becomes the body of the answer.
type apiError struct {
	status int
	reason string
	// field is that of an event which is not valid, "" for other refusals.
	field string
}

func (e *apiError) Error() string { return e.reason }

func refuse(status int, format string, args ...any) *apiError {
	return &apiError{status: status, reason: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, format, args...)
}

// badField is a [badRequest] because of a field of an event.
func badField(field, format string, args ...any) *apiError {
	refusal := badRequest(format, args...)
	refusal.field = field
	return refusal
}

var errNoSuchPath = refuse(http.StatusNotFound, "there is nothing at this path")

// route serves one HTTP request, of the API or of a WebSocket client. Its context
// ends with the server.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), s.cfg.PathPrefix)
	key, isClient := strings.CutPrefix(path, "/app/")
	if ok && isClient || strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		if !ok || !isClient {
			key = ""
		}
		setDate(w, s.cfg.Now())
		s.serveClient(w, r, key)
		return
	}
	if !ok {
		path = ""
	}
	s.serveAPI(w, r, path)
}

// serveAPI serves one request of the API, at a path below the path prefix, through
// whatever faults befall it. What became of the request is on record before the
// client can know.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, path string) {
	body, err := s.readBody(w, r)
	req := s.requests.arrive(Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header, Body: string(body),
	})
	bad := s.faults.befall(*req)
	s.requests.note(func() { req.Faults = bad.faults })
	if !hold(r.Context(), bad.before) {
		s.finish(req)
		breakOff(w)
	}
	now := s.cfg.Now().Add(bad.skew)
	setDate(w, now)

	var own reply
	if bad.end == nil || !bad.end.replaces() {
		call := &apiCall{header: r.Header, body: body}
		a, e, findErr := s.aim(w, r, path, call)
		if a != nil {
			s.requests.note(func() { req.AppID = a.cfg.ID })
			defer a.keys.release(call)
		}
		var result any
		if err == nil {
			err = findErr
		}
		if err == nil {
			result, err = a.carryOut(w, r, e, call, now)
		}
		own = newReply(s.cfg.Quirks, result, err)
		s.requests.note(func() { req.Accepted = err == nil })
		if !hold(r.Context(), bad.after) {
			s.finish(req)
			breakOff(w)
		}
	}
	if bad.end != nil && (req.Accepted || bad.end.replaces()) {
		own = bad.end.answer(own)
	}
	if !own.reset {
		s.requests.note(func() { req.Status = own.status })
	}
	s.finish(req)
	own.write(w)
}

// finish tells watchers of a request.
func (s *Server) finish(req *Request) {
	activity := Activity{Kind: ActivityRequest}
	if s.activity.watched() {
		s.requests.note(func() {
			finished := *req
			activity.AppID, activity.Request = req.AppID, &finished
		})
	}
	s.activity.tell(activity)
}

// aim returns the app and the endpoint that a request is for.
func (s *Server) aim(w http.ResponseWriter, r *http.Request, path string, call *apiCall) (a *App, e endpoint, err error) {
	a, e, call.name, err = s.find(path)
	if err == nil && r.Method != e.method {
		w.Header().Set("Allow", e.method)
		err = refuse(http.StatusMethodNotAllowed, "the method must be %s", e.method)
	}
	return a, e, err
}

// carryOut does what the request asks, or says why not.
func (a *App) carryOut(w http.ResponseWriter, r *http.Request, e endpoint, call *apiCall, now time.Time) (any, error) {
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	call.query = query
	if err := a.verify(r.Method, a.srv.signedPath(r), query, call.body, now); err != nil {
		return nil, err
	}
	if err := a.checkRate(w, now); err != nil {
		return nil, err
	}
	if a.hub.isDisabled() {
		return nil, refuse(http.StatusForbidden, "the app is disabled")
	}
	result, err := e.serve(a, call)
	if errors.Is(err, errInProgress) {
		w.Header().Set("Retry-After", "1")
	}
	return result, err
}

func setDate(w http.ResponseWriter, now time.Time) {
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
}

// hold waits, and reports whether there is still someone to serve.
func hold(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// readBody reads the whole body, in the time that there is for it.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	// Not every server that Handler is mounted in can do that.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.cfg.ReadTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.cfg.Limits.RequestBytes)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is longer than %d bytes", tooLarge.Limit)
	case err != nil:
		// The deadline stays, since net/http would wait for the rest of the body.
		return nil, badRequest("the body broke off")
	}
	_ = control.SetReadDeadline(time.Time{})
	return body, nil
}
