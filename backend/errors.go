package backend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strconv"
)

// Outcome says what a failure means for the call that failed. The zero value is
// the cautious one, [Unknown].
type Outcome int

const (
	// Unknown means that the request was sent, at least in part, and no answer came. The
	// server may have carried it out.
	Unknown Outcome = iota
	// NotSent means that nothing left this process. Sending again is safe.
	NotSent
	// Rejected means that the server answered that it did not carry the call out.
	Rejected
	// Accepted means that the server answered with a 2xx whose rest could not be read. The
	// call was carried out; sending an event again would duplicate it.
	Accepted
)

// String returns the outcome in words: "unknown", "not sent", "rejected",
// "accepted".
func (o Outcome) String() string {
	switch o {
	case NotSent:
		return "not sent"
	case Rejected:
		return "rejected"
	case Accepted:
		return "accepted"
	default:
		return "unknown"
	}
}

// Then returns what an attempt with outcome o and a later one with outcome next
// mean together for the call: [Accepted] or [Unknown] if either may have been
// carried out, [NotSent] only if both are.
func (o Outcome) Then(next Outcome) Outcome {
	for _, outcome := range []Outcome{Accepted, Unknown, Rejected} {
		if o == outcome || next == outcome {
			return outcome
		}
	}
	return NotSent
}

// Error reports that no complete answer came. Neither its text nor its cause
// contains a URL's query. It unwraps to the cause: [context.Canceled] or
// [context.DeadlineExceeded] where that is what happened, else the library's
// error. For [net.Error]'s sake it has Timeout.
type Error struct {
	// Op is the operation, as in [Call].
	Op string
	// Outcome says whether the server may have carried the call out.
	Outcome Outcome
	// StatusCode is the status that came before the answer broke off, else 0.
	StatusCode int
	// Attempts is how many attempts were made, if a backend made more than one,
	// else 0. Outcome covers all of them, StatusCode and Err are the last one's.
	Attempts int
	// Err is the cause.
	Err error
}

// NewError returns an error for an attempt that brought no status line. outcome
// is [NotSent] only where it is certain that nothing was sent, else [Unknown].
// Signed URLs are removed from the cause. Where a context ended, err is to be its
// error, or to wrap it.
func NewError(op string, outcome Outcome, err error) *Error {
	return &Error{Op: op, Outcome: outcome, Err: cause(err)}
}

// NewStatusError returns an error for an answer that had a status but could not
// be read to its end: [Accepted] after a 2xx, else [Rejected].
func NewStatusError(op string, statusCode int, err error) *Error {
	outcome := Rejected
	if statusCode >= 200 && statusCode <= 299 {
		outcome = Accepted
	}
	return &Error{Op: op, Outcome: outcome, StatusCode: statusCode, Err: cause(err)}
}

// cause strips what prints the signed URL: net/http wraps every failure in a
// *url.Error with the whole of it.
func cause(err error) error {
	for {
		switch e := err.(type) { //nolint:errorlint // unwraps layer by layer, so each layer is looked at alone
		case *url.Error:
			err = e.Err
		case *Error:
			err = e.Err
		default:
			if err == nil {
				return io.ErrUnexpectedEOF
			}
			if text := err.Error(); Redact(text) != text {
				return redacted{text: Redact(text), err: err}
			}
			return err
		}
	}
}

func (e *Error) Error() string {
	what := "no answer"
	switch {
	case e.StatusCode != 0:
		what = "answer " + strconv.Itoa(e.StatusCode) + " could not be read"
	case e.Outcome == NotSent:
		what = "not sent"
	case e.Outcome == Rejected:
		what = "rejected"
	}
	if e.Attempts > 1 {
		what += " after " + strconv.Itoa(e.Attempts) + " attempts"
	}
	if e.Err == nil {
		return e.Op + ": " + what
	}
	return e.Op + ": " + what + ": " + Redact(e.Err.Error())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether a deadline or a library's own time limit was the cause.
func (e *Error) Timeout() bool { return isTimeout(e.Err) }

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// Format prints Error() for every verb, so that "%#v" shows no more either.
func (e *Error) Format(f fmt.State, _ rune) { writeString(f, e.Error()) }

// LogValue returns the fields, the cause as text.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("op", e.Op),
		slog.String("outcome", e.Outcome.String()),
		slog.Int("status", e.StatusCode),
		slog.Int("attempts", e.Attempts),
		slog.String("message", e.Error()),
	)
}

// MarshalJSON returns the fields, the cause as text.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Op      string `json:"op"`
		Outcome string `json:"outcome"`
		Status  int    `json:"status,omitempty"`
		// Attempts is left out where there was one.
		Attempts int    `json:"attempts,omitempty"`
		Message  string `json:"message"`
	}{e.Op, e.Outcome.String(), e.StatusCode, e.Attempts, e.Error()})
}

// redacted shows a cleaned text and matches what it hides only by identity:
// the chain stays reachable for [errors.Is] and not for [errors.As], which
// would hand out the URL again. That it was a timeout is no secret.
type redacted struct {
	text string
	err  error
}

func (r redacted) Error() string                { return r.text }
func (r redacted) Is(target error) bool         { return errors.Is(r.err, target) }
func (r redacted) Timeout() bool                { return isTimeout(r.err) }
func (r redacted) Format(f fmt.State, _ rune)   { writeString(f, r.text) }
func (r redacted) MarshalJSON() ([]byte, error) { return json.Marshal(r.text) }

func writeString(f fmt.State, s string) { _, _ = io.WriteString(f, s) }
