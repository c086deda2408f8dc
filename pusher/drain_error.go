package pusher

import (
	"strconv"

	"github.com/seed-588517f9/pusher-go/backend/async"
)

// DrainError reports what [Publisher.Close] could not deliver.
type DrainError struct {
	// Failed counts the events that failed after Close was called, by outcome. Each
	// has reported its error to its future and to OnResult too.
	Failed async.Outcomes
	// Err is the error of Close's context if it ended first, else nil.
	Err error
}

func (e *DrainError) Error() string {
	text := "close: " + strconv.FormatInt(e.Failed.Total(), 10) + " events failed"
	if e.Failed.Total() > 0 {
		text += " (" + e.Failed.String() + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the error of Close's context, if it ended first.
func (e *DrainError) Unwrap() error { return e.Err }
