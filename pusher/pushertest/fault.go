package pushertest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// Fault is something that goes wrong on demand, for tests of what a program does
// then. See [Server.Inject]. The zero value of each field leaves it out:
//
//	{Status: 503, RetryAfter: 2 * time.Second, Times: 3}
//	{Reset: true, AfterAccepting: true, Probability: 0.05, Seed: 1}
//	{Latency: time.Second, When: func(r pushertest.Request) bool { return r.Method == "GET" }}
//
// Faults befall requests to the HTTP API, at known paths or not. WebSocket clients
// they leave alone.
type Fault struct {
	// When chooses the requests that the fault can befall. Default: all. It is
	// called for several requests at the same time. It may call the server, except
	// for methods that wait for requests to end.
	When func(r Request) bool
	// Skip lets that many of those requests pass before the first one is hit.
	Skip int
	// Times is how many requests are hit before the fault is spent. Default: no limit.
	Times int
	// Probability is the chance of each request to be hit, from 0 to 1. Default: 1.
	Probability float64
	// Seed is that of the chances, which are the same each time that the same
	// faults meet the same number of requests. Requests that come at the same time
	// may swap theirs.
	Seed uint64

	// Latency holds the request before anything is done with it. If its client
	// gives up meanwhile, nothing is: to have the event accepted first and the
	// answer held, set AfterAccepting.
	Latency time.Duration
	// ClockSkew sets the server's clock that far forward for the request, or back
	// if negative: for the age of its signature and for the Date header.
	ClockSkew time.Duration

	// AfterAccepting says that the request is carried out first. Default: Latency
	// comes before that, Reset and Status come instead. If the server refuses the
	// request, what would come after accepting does not: the answer is the refusal.
	AfterAccepting bool

	// Refuse makes [Server.DialContext] fail as if nobody listened at the port. It
	// befalls connections, which are no requests yet and may carry several: Skip,
	// Times and Probability count connections, and nothing else goes with it. For
	// an outage that needs no dialer, see [Server.RefuseConnections].
	Refuse bool
	// Reset breaks the connection instead of an answer, with a TCP reset.
	Reset bool
	// Status is the answer's status, from 200 to 599.
	Status int
	// Body is the answer's body. Its Content-Type is JSON if it is, else text. It
	// needs a Status, as Header and RetryAfter do.
	Body string
	// Header is added to the answer's.
	Header http.Header
	// RetryAfter goes into the header of that name, in seconds: "2", "0.05". For a
	// date, use Header.
	RetryAfter time.Duration
	// Truncate breaks the connection in the middle of the answer's body: of Status's
	// answer, or without one of the server's own, the request being carried out.
	Truncate bool
	// Malformed puts HTML in the place of the server's own answer, the request
	// being carried out.
	Malformed bool
}

// validate returns a [*pusher.ValidationError] for a fault that cannot happen, or
// that does nothing: a test would believe that it had seen it.
func (f Fault) validate() error {
	for _, check := range []struct {
		field  string
		wrong  bool
		reason string
	}{
		{"", !f.Refuse && !f.concernsRequests(), "must say what happens: Latency, ClockSkew, Refuse, Reset, Status, Truncate or Malformed"},
		{".Skip", f.Skip < 0, "must not be negative"},
		{".Times", f.Times < 0, "must not be negative: leave it out for no limit"},
		{".Probability", !isProbability(f.Probability), "must be from 0 to 1"},
		{".Latency", f.Latency < 0, "must not be negative"},
		{".RetryAfter", f.RetryAfter < 0, "must not be negative: what is malformed goes into Header"},
		{".RetryAfter", f.RetryAfter > 0 && len(f.Header.Values("Retry-After")) > 0, "is in Header too: leave one of them out"},
		{".Status", f.Status == 0 && f.describesAnswer(), "must be set for Body, Header and RetryAfter"},
		{".Status", f.Status != 0 && (f.Status < 200 || f.Status > 599), "must be from 200 to 599"},
		{".Status", !mayHaveBody(f.Status) && (f.Body != "" || f.Truncate), "must be one that has a body, for Body and Truncate"},
		{".Refuse", f.Refuse && (f.concernsRequests() || f.When != nil), "goes only with Skip, Times, Probability and Seed: there is no request yet"},
		{".Reset", f.Reset && (f.Status != 0 || f.Truncate || f.Malformed), "leaves no answer: leave out Status, Truncate and Malformed"},
		{".Malformed", f.Malformed && (f.Status != 0 || f.Truncate), "goes without Status and Truncate: what is malformed goes into Body"},
		{".AfterAccepting", f.AfterAccepting && f.Latency == 0 && !f.decides(), "needs Latency, Reset or Status"},
	} {
		if check.wrong {
			return &pusher.ValidationError{Field: "Fault" + check.field, Reason: check.reason}
		}
	}
	return nil
}

// concernsRequests reports whether there is anything in f that befalls requests.
func (f Fault) concernsRequests() bool {
	return f.Latency != 0 || f.ClockSkew != 0 || f.AfterAccepting || f.decides() || f.describesAnswer()
}

// decides reports whether f decides how a request ends, so that no fault after it
// can.
func (f Fault) decides() bool { return f.Reset || f.Status != 0 || f.Truncate || f.Malformed }

func (f Fault) describesAnswer() bool { return f.Body != "" || len(f.Header) > 0 || f.RetryAfter != 0 }

// replaces reports whether f happens instead of carrying the request out.
func (f Fault) replaces() bool { return (f.Reset || f.Status != 0) && !f.AfterAccepting }

// answer returns what the client gets instead of own, the server's own answer.
func (f Fault) answer(own reply) reply {
	switch {
	case f.Status != 0:
		own = reply{status: f.Status, header: f.Header.Clone(), body: []byte(f.Body)}
		if own.header == nil {
			own.header = http.Header{}
		}
		if len(own.header.Values("Content-Type")) == 0 && f.Body != "" {
			own.header.Set("Content-Type", contentType(own.body))
		}
		if f.RetryAfter > 0 {
			own.header.Set("Retry-After", strconv.FormatFloat(f.RetryAfter.Seconds(), 'f', -1, 64))
		}
	case f.Malformed:
		own.header.Set("Content-Type", "text/html; charset=utf-8")
		own.body = []byte("<!doctype html><title>This is no JSON</title>")
	}
	own.reset, own.truncated = f.Reset, f.Truncate
	return own
}

func isProbability(p float64) bool { return p >= 0 && p <= 1 }

func contentType(body []byte) string {
	if json.Valid(body) {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

func mayHaveBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
