package pusher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// What an [*APIError] matches with [errors.Is].
var (
	// ErrBadRequest: 400, or 422 as Reverb says it. The message tells what is wrong.
	ErrBadRequest = errors.New("bad request")
	// ErrUnauthorized: 401. Key, secret, app id or the local clock is wrong.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden: 403. The app is disabled or over its quota.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: 404. Self-hosted servers say it of unknown apps and, some, of
	// unoccupied channels.
	ErrNotFound = errors.New("not found")
	// ErrPayloadTooLarge: 413. A [*ValidationError] for data over Limits.DataBytes or
	// a body over Limits.RequestBytes matches it too.
	ErrPayloadTooLarge = errors.New("payload too large")
	// ErrRateLimited: 429.
	ErrRateLimited = errors.New("rate limited")
	// ErrServer: 500 and above.
	ErrServer = errors.New("server error")
)

// Outcome says what a failure means for the call that failed.
type Outcome = backend.Outcome

// The outcomes of a failed call.
const (
	// Unknown means sent, but no answer came. It may have been carried out.
	Unknown = backend.Unknown
	// NotSent means that nothing left this process.
	NotSent = backend.NotSent
	// Rejected means that the server said no. After a 5xx that is its word, not a proof.
	Rejected = backend.Rejected
	// Accepted means that the server said yes, and the rest of its answer was unreadable.
	Accepted = backend.Accepted
)

// OutcomeOf returns what err, from any call of a [Client], means for that call.
// For nil it returns Accepted, for errors that are not the SDK's Unknown. A
// failed [Client.Broadcast] can have several outcomes; its results tell them.
//
// NotSent makes sending again safe, not useful: it covers a [*ValidationError] and
// a context that had ended before, which fail again, as well as a refused
// connection.
func OutcomeOf(err error) Outcome {
	var (
		validation *ValidationError
		api        *APIError
		response   *ResponseError
		transport  *backend.Error
		broadcast  *BroadcastError
		publish    *PublishError
	)
	switch {
	case err == nil:
		return Accepted
	case errors.As(err, &publish):
		return publish.Outcome
	case errors.As(err, &broadcast):
		return broadcast.outcome()
	case errors.As(err, &validation):
		return NotSent
	case errors.As(err, &api):
		if api.Uncertain {
			return Unknown
		}
		return Rejected
	case errors.As(err, &response):
		return Accepted
	case errors.As(err, &transport):
		return transport.Outcome
	default:
		return Unknown
	}
}

// ValidationError reports input that was refused before anything was sent.
type ValidationError struct {
	// Field names the argument or field: "channels[2]", "Config.Cluster".
	Field string
	// Reason says what is wrong and what to write instead.
	Reason string

	err error
}

func (e *ValidationError) Error() string { return "invalid " + e.Field + ": " + e.Reason }

// Unwrap returns the cause, if another error is one: that of a JSON encoder.
func (e *ValidationError) Unwrap() error { return e.err }

func invalid(field, reason string, args ...any) *ValidationError {
	return &ValidationError{Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// at returns err, if it is a ValidationError, with another name for its field:
// where the caller knows better than the check what it was.
func at(field string, err error) error {
	if v, ok := errors.AsType[*ValidationError](err); ok {
		return &ValidationError{Field: field, Reason: v.Reason, err: v.err}
	}
	return err
}

// inside is [at] for the field of something larger, named by prefix.
func inside(prefix string, err error) error {
	if v, ok := errors.AsType[*ValidationError](err); ok {
		return at(prefix+v.Field, err)
	}
	return err
}

// quoted shows user input in an error, in full only if it is short.
func quoted(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// APIError reports that the server answered and did not carry the call out.
type APIError struct {
	// Op is the operation: "trigger".
	Op string
	// StatusCode is the effective status: the code in the body, where a server
	// reports failures as 200.
	StatusCode int
	// Message is the server's reason, where one could be found in the body,
	// without anything that it repeats of the signature.
	Message string
	// Body is the raw body of the answer, cut at 16 KiB. It may repeat parts of
	// the signed request, so it is not printed.
	Body []byte
	// RetryAfter is how long the server asks to wait. Zero if it does not.
	RetryAfter time.Duration
	// ClockSkew is how far the local clock is ahead of the server's (negative:
	// behind), measured on a 401 that has a Date, to the second. The server
	// accepts 600 seconds.
	ClockSkew time.Duration
	// Attempts is how many attempts were made, if a backend made more than one,
	// else 0. The rest is the last one's.
	Attempts int
	// Uncertain says that an attempt before the last one may have been carried out:
	// the outcome is [Unknown] then.
	Uncertain bool
}

func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	b.WriteString(strconv.Itoa(e.StatusCode))
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts", e.Attempts)
		if e.Uncertain {
			b.WriteString(", of which an earlier one may have succeeded")
		}
		b.WriteByte(')')
	}
	if skew := e.ClockSkew.Abs(); skew > time.Minute {
		direction := "ahead of"
		if e.ClockSkew < 0 {
			direction = "behind"
		}
		fmt.Fprintf(&b, " (the local clock is %s %s the server's; set it right)", skew, direction)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %s)", e.RetryAfter)
	}
	return b.String()
}

// Is makes the error match the sentinel of its status.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrBadRequest:
		return e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnprocessableEntity
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrPayloadTooLarge:
		return e.StatusCode == http.StatusRequestEntityTooLarge
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrServer:
		return e.StatusCode >= 500 && e.StatusCode <= 599
	default:
		return false
	}
}

// Format prints Error() for every verb.
func (e *APIError) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// MarshalJSON returns all fields but the body.
func (e *APIError) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Op         string  `json:"op"`
		Status     int     `json:"status"`
		Message    string  `json:"message,omitempty"`
		RetryAfter float64 `json:"retry_after_seconds,omitempty"`
		ClockSkew  float64 `json:"clock_skew_seconds,omitempty"`
	}{e.Op, e.StatusCode, e.Message, e.RetryAfter.Seconds(), e.ClockSkew.Seconds()})
}

// ResponseError reports a 2xx whose body could not be read: the server accepted
// the call, and what it answered is lost. Do not send an event again after it.
type ResponseError struct {
	// Op is the operation: "trigger".
	Op string
	// StatusCode is the status of the answer.
	StatusCode int
	// Err is the cause.
	Err error
}

func (e *ResponseError) Error() string {
	return e.Op + ": accepted with " + strconv.Itoa(e.StatusCode) + ", but the answer could not be read: " + backend.Redact(e.Err.Error())
}

// Unwrap returns the cause.
func (e *ResponseError) Unwrap() error { return e.Err }

// Format prints Error() for every verb.
func (e *ResponseError) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// MarshalJSON returns the operation, the status and the cause as text.
func (e *ResponseError) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Op      string `json:"op"`
		Status  int    `json:"status"`
		Message string `json:"message"`
	}{e.Op, e.StatusCode, e.Error()})
}

// transportError gives a backend's failure its final form: a 2xx that broke off
// is a [*ResponseError], what a backend of the user's returns bare becomes a
// [*backend.Error], of which nothing is known but whether ctx had ended, and a
// signed URL that something wrapped around the error is taken out.
func transportError(ctx context.Context, op string, err error) error {
	transport, ok := errors.AsType[*backend.Error](err)
	if !ok {
		if ctxErr := ctx.Err(); ctxErr != nil && !errors.Is(err, ctxErr) {
			err = ctxErr
		}
		return backend.NewError(op, backend.Unknown, err)
	}
	if transport.Outcome == backend.Accepted {
		cause := transport.Err
		if cause == nil {
			cause = io.ErrUnexpectedEOF
		}
		return &ResponseError{Op: op, StatusCode: transport.StatusCode, Err: cause}
	}
	if text := err.Error(); backend.Redact(text) != text {
		clean := backend.NewError(op, transport.Outcome, err)
		clean.StatusCode, clean.Attempts = transport.StatusCode, transport.Attempts
		return clean
	}
	return err
}
