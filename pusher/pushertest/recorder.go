package pushertest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Recorder is a backend for unit tests: it sends nothing, remembers every call,
// and answers from a script, else with Handler, else with success. The zero value
// is ready for use. It is safe for concurrent use; do not copy it.
//
//	var recorder pushertest.Recorder
//	client, err := pusher.New(pusher.Config{AppID: "1", Key: "k", Secret: "s", Backend: &recorder})
type Recorder struct {
	// Handler answers the calls for which the script has nothing. Nil: they succeed,
	// with the answer of a server on which no channel is occupied. It is called
	// from the goroutines that send, also at the same time, and must not be set
	// while there are any.
	Handler func(call backend.Call) (backend.Response, error)

	mu     sync.Mutex
	calls  []backend.Call
	events []Event
	script []scripted
}

// scripted is the answer to one call.
type scripted struct {
	response backend.Response
	err      error
}

var _ backend.Backend = (*Recorder)(nil)

// Send implements [backend.Backend]. If ctx has ended, the call is not recorded,
// takes nothing from the script, and fails with a [*backend.Error] whose outcome
// is [backend.NotSent].
func (r *Recorder) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
	if err := ctx.Err(); err != nil {
		return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
	}
	call := cloneCall(req.Call())
	answer, ok := r.record(call)
	if !ok {
		answer = r.handle(call)
	}
	if answer.err != nil {
		return backend.Response{}, asBackendError(req.Op(), answer.err)
	}
	if status := answer.response.EffectiveStatus(); status >= 200 && status <= 299 {
		r.accept(call)
	}
	return answer.response, nil
}

// Respond adds the answer to the next call that has none in the script yet. body
// is sent as it is; its Content-Type is JSON.
func (r *Recorder) Respond(status int, body string) {
	r.add(scripted{response: response(status, body)})
}

// Fail makes the next call that has no answer in the script yet fail with err. A
// [*backend.Error] says whether the call was sent; any other error becomes the
// cause of one whose outcome is [backend.Unknown].
func (r *Recorder) Fail(err error) { r.add(scripted{err: err}) }

// Calls returns all calls, in the order in which they came, whatever the answers.
func (r *Recorder) Calls() []backend.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := make([]backend.Call, len(r.calls))
	for i, call := range r.calls {
		calls[i] = cloneCall(call)
	}
	return calls
}

// Events returns the events of all triggers and batches that were answered with
// success, in the order of the answers: one for each channel of a trigger, one for
// each event of a batch.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Reset forgets calls, events and what is left of the script.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.events, r.script = nil, nil, nil
}

func (r *Recorder) add(answer scripted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script = append(r.script, answer)
}

// record remembers the call and takes its answer from the script, if it has one.
func (r *Recorder) record(call backend.Call) (scripted, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
	if len(r.script) == 0 {
		return scripted{}, false
	}
	answer := r.script[0]
	r.script = r.script[1:]
	answer.response.Header = answer.response.Header.Clone()
	return answer, true
}

func (r *Recorder) handle(call backend.Call) scripted {
	if r.Handler == nil {
		return scripted{response: response(http.StatusOK, success(call))}
	}
	res, err := r.Handler(cloneCall(call))
	return scripted{response: res, err: err}
}

func (r *Recorder) accept(call backend.Call) {
	events := sentEvents(call)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, events...)
}

func response(status int, body string) backend.Response {
	header := http.Header{"Content-Type": {"application/json"}}
	return backend.Response{StatusCode: status, Header: header, Body: []byte(body)}
}

func asBackendError(op string, err error) error {
	if _, ok := errors.AsType[*backend.Error](err); ok {
		return err
	}
	return backend.NewError(op, backend.Unknown, err)
}

// cloneCall copies what a call shares with others, so that tests may do with it
// what they like.
func cloneCall(call backend.Call) backend.Call {
	call.Header = call.Header.Clone()
	call.Body = slices.Clone(call.Body)
	call.Query = maps.Clone(call.Query)
	return call
}

// sentBody is the body of a trigger, an event of a batch, or a batch.
type sentBody struct {
	Name           string     `json:"name"`
	Data           string     `json:"data"`
	Channel        string     `json:"channel"`
	Channels       []string   `json:"channels"`
	SocketID       string     `json:"socket_id"`
	Info           string     `json:"info"`
	IdempotencyKey string     `json:"idempotency_key"`
	Batch          []sentBody `json:"batch"`
}

// parseSent reads the body of a trigger or a batch. Of any other call it makes
// nothing.
func parseSent(call backend.Call) (body sentBody, isBatch bool) {
	isBatch = strings.HasSuffix(call.Path, "/batch_events")
	if isBatch || strings.HasSuffix(call.Path, "/events") {
		_ = json.Unmarshal(call.Body, &body)
	}
	return body, isBatch
}

// sentEvents returns a call's events.
func sentEvents(call backend.Call) []Event {
	body, isBatch := parseSent(call)
	sent := body.Batch
	if !isBatch {
		sent = []sentBody{body}
	}
	var events []Event
	for _, b := range sent {
		channels := b.Channels
		if b.Channel != "" {
			channels = []string{b.Channel}
		}
		setDefault(&b.IdempotencyKey, call.Header.Get("X-Idempotency-Key"))
		for _, channel := range channels {
			events = append(events, Event{
				Channel: channel, Name: b.Name, Data: b.Data, SocketID: b.SocketID, IdempotencyKey: b.IdempotencyKey,
			})
		}
	}
	return events
}

// success is how a server answers on which no channel is occupied.
func success(call backend.Call) string {
	body, isBatch := parseSent(call)
	switch {
	case isBatch:
		if slices.ContainsFunc(body.Batch, func(b sentBody) bool { return b.Info != "" }) {
			return string(encodeJSON(map[string]any{"batch": make([]struct{}, len(body.Batch))}))
		}
	case body.Info != "":
		channels := map[string]struct{}{}
		for _, name := range body.Channels {
			channels[name] = struct{}{}
		}
		if body.Channel != "" {
			channels[body.Channel] = struct{}{}
		}
		return string(encodeJSON(map[string]any{"channels": channels}))
	case call.Method != http.MethodGet:
	case strings.HasSuffix(call.Path, "/channels"):
		return `{"channels":{}}`
	case strings.HasSuffix(call.Path, "/users"):
		return `{"users":[]}`
	case strings.Contains(call.Path, "/channels/"):
		return `{"occupied":false}`
	}
	return "{}"
}
