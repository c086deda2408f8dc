package async

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Why the queue failed a call itself. They come as the cause of a
// [*backend.Error], which says what the failure means for the call: nothing was
// sent, except where Close gave up on a call under way.
var (
	// ErrQueueFull: there was no room, and the queue does not wait for any.
	ErrQueueFull = errors.New("the queue is full")
	// ErrClosed: the queue was closed before the call was accepted, or Close ran
	// out of time before it was done. It is also the cancellation cause of the
	// calls that Close cuts off.
	ErrClosed = errors.New("the queue is closed")
)

// Outcomes counts failed calls by what the failure means, see [backend.Outcome].
type Outcomes struct {
	NotSent, Rejected, Accepted, Unknown int64
}

// Total returns the sum.
func (o Outcomes) Total() int64 { return o.NotSent + o.Rejected + o.Accepted + o.Unknown }

// String lists what is there: "2 not sent, 1 unknown".
func (o Outcomes) String() string {
	var parts []string
	for _, p := range []struct {
		n       int64
		outcome backend.Outcome
	}{
		{o.NotSent, backend.NotSent},
		{o.Rejected, backend.Rejected},
		{o.Accepted, backend.Accepted},
		{o.Unknown, backend.Unknown},
	} {
		if p.n > 0 {
			parts = append(parts, strconv.FormatInt(p.n, 10)+" "+p.outcome.String())
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// plus returns o with one more.
func (o Outcomes) plus(outcome backend.Outcome) Outcomes {
	switch outcome {
	case backend.NotSent:
		o.NotSent++
	case backend.Rejected:
		o.Rejected++
	case backend.Accepted:
		o.Accepted++
	default:
		o.Unknown++
	}
	return o
}

// DrainError reports that Close ran out of time and what became of the calls that
// were not done by then. Each has failed by itself too.
type DrainError struct {
	// CutOff counts those that failed, by outcome: what was queued was not sent,
	// what was under way is what the backend said of it. Those that still
	// succeeded are not in it.
	CutOff Outcomes
	// Busy is how many workers Close left behind, since a backend did not return
	// after its context had ended, or OnError did not. They end when it does. The
	// goroutine that tells OnError of what Close has failed is not one of them.
	Busy int
	// Err is why Close ended early, that of its context.
	Err error
}

func (e *DrainError) Error() string {
	text := "close: " + strconv.FormatInt(e.CutOff.Total(), 10) + " calls cut off"
	if e.CutOff.Total() > 0 {
		text += " (" + e.CutOff.String() + ")"
	}
	if e.Busy > 0 {
		text += ", " + strconv.Itoa(e.Busy) + " workers left behind"
	}
	if e.Err == nil {
		return text
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns why Close ended early.
func (e *DrainError) Unwrap() error { return e.Err }

// PanicError reports a panic in a backend or in submitted work. It comes as the
// cause of a [*backend.Error] whose outcome is [backend.Unknown].
type PanicError struct {
	// Value is what was passed to panic. It is printed without signatures.
	Value any
	// Stack is the stack of the panic, as [runtime/debug.Stack] formats it. It is
	// not printed.
	//
	// [runtime/debug.Stack]: https://pkg.go.dev/runtime/debug#Stack
	Stack []byte
}

func (e *PanicError) Error() string { return "panic: " + backend.Redact(fmt.Sprint(e.Value)) }

// Format prints Error() for every verb.
func (e *PanicError) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// Unwrap returns the value, if it is an error. One that would print a signature is
// kept back.
func (e *PanicError) Unwrap() error {
	if err, ok := e.Value.(error); ok && backend.Redact(err.Error()) == err.Error() {
		return err
	}
	return nil
}
