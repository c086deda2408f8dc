package pusher

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Receipt is what there is to know of an event that the server accepted.
type Receipt struct {
	// Info is the channel's state, if Event.Info asked for it.
	Info ChannelInfo
	// Attempts is how many requests it took, at least 1.
	Attempts int
	// BatchSize is how many events were in the request that delivered it.
	BatchSize int
}

// PublishResult is what became of one event of a [Publisher].
type PublishResult struct {
	// Channel, Name, SocketID and IdempotencyKey are those of the event.
	Channel, Name, SocketID, IdempotencyKey string
	// Receipt is set if Err is nil.
	Receipt Receipt
	// Err is nil if the server accepted the event, else a [*PublishError].
	Err error
	// Outcome is [OutcomeOf] Err: [Accepted] if it is nil.
	Outcome Outcome
}

// PublishError reports that an event that a [Publisher] had accepted failed. The
// events of a batch that fails as a whole share one.
type PublishError struct {
	// Outcome says whether the server may have accepted the event, in any of the
	// attempts. It can be more cautious than the last error by itself: a batch that
	// is refused does not prove that none of its events was accepted.
	Outcome Outcome
	// Attempts is how many requests were made with the event, 0 if none was.
	Attempts int
	// Err is why the last of them failed: an [*APIError], a [*ResponseError], a
	// [*backend.Error] or a [*ValidationError]; it unwraps to async.ErrClosed if the
	// Publisher was closed before there was any.
	Err error
}

func (e *PublishError) Error() string {
	text := e.Err.Error()
	if e.Attempts > 1 {
		text += " (after " + strconv.Itoa(e.Attempts) + " attempts)"
	}
	return text + " (event: " + e.Outcome.String() + ")"
}

// Unwrap returns why the last attempt failed.
func (e *PublishError) Unwrap() error { return e.Err }

// Format prints Error() for every verb.
func (e *PublishError) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// isRefusal reports whether err is the server's no to what a request says, which
// in a batch may be about one event only.
func isRefusal(err error) bool {
	api, ok := errors.AsType[*APIError](err)
	if !ok {
		return false
	}
	switch api.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	default:
		return false
	}
}

// outcomeInBatch returns what err, of a request with several events, means for
// each of them. A server may publish some and stop at the one that it refuses or
// chokes on, unless it is known to check all of them first, or asks for the whole
// request later.
func outcomeInBatch(err error, atomic, askedToWait bool) Outcome {
	if api, ok := errors.AsType[*APIError](err); ok {
		switch {
		case api.Uncertain:
			return Unknown
		case isRefusal(err) && !atomic:
			return Unknown
		case api.StatusCode == http.StatusServiceUnavailable && askedToWait:
			return Rejected
		case api.StatusCode >= http.StatusInternalServerError:
			return Unknown
		}
	}
	return OutcomeOf(err)
}

// isTimeout reports whether an attempt took too long.
func isTimeout(err error) bool {
	transport, ok := errors.AsType[*backend.Error](err)
	return ok && transport.Timeout()
}
