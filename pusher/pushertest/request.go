package pushertest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Request is a request to the HTTP API, and what became of it. Several share its
// Query and Header: do not change them.
type Request struct {
	// Number counts the requests to the server, from 1, in the order in which they
	// had arrived as a whole.
	Number int
	// AppID is the app's, "" if the path names none that is known.
	AppID  string
	Method string
	// Path is as sent: escaped, with the path prefix, without the query.
	Path   string
	Query  url.Values
	Header http.Header
	// Body is empty if it was longer than [ServerLimits.RequestBytes].
	Body string

	// Faults are those that befell the request, in the order in which they were
	// injected.
	Faults []Fault
	// Accepted says that the server has carried the request out: the events of a
	// trigger are in [App.Events], whatever the client was told.
	Accepted bool
	// Status is that of the answer. 0 if there was none, or none yet.
	Status int
}

// Events returns the events that a trigger or a batch asks for: one for each
// channel of a trigger, one for each event of a batch. Nil for any other request,
// and for a body that is not JSON.
func (r Request) Events() []Event {
	if r.Method != http.MethodPost {
		return nil
	}
	return sentEvents(backend.Call{Path: r.Path, Header: r.Header, Body: []byte(r.Body)})
}

// String returns what tells requests apart in a test's output:
// "2: POST /apps/1001/events: accepted, answered 500".
func (r Request) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %s %s: ", r.Number, r.Method, r.Path)
	if !r.Accepted {
		b.WriteString("not ")
	}
	b.WriteString("accepted, ")
	if r.Status == 0 {
		b.WriteString("not answered")
	} else {
		fmt.Fprintf(&b, "answered %d", r.Status)
	}
	return b.String()
}

// requestLog remembers requests.
type requestLog struct {
	mu     sync.Mutex
	count  int
	recent recent[*Request]
}

// arrive numbers a request and remembers it.
func (l *requestLog) arrive(r Request) *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	r.Number = l.count
	l.recent.add(&r)
	return &r
}

// note changes what is remembered of a request.
func (l *requestLog) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.recent.all()
	requests := make([]Request, len(list))
	for i, r := range list {
		requests[i] = *r
		requests[i].Faults = slices.Clone(r.Faults)
	}
	return requests
}

func (l *requestLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent.forget()
}
