package backend

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Response is a complete HTTP answer. Its header and body belong to whoever
// receives it.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       []byte
	// Attempts is how many attempts were made, if a backend made more than one,
	// else 0. The rest is the last one's answer.
	Attempts int
	// Uncertain says that an attempt before the last one may have been carried out:
	// it had no answer, or one that broke off.
	Uncertain bool
}

// EffectiveStatus returns the status that the server meant. That is StatusCode,
// except that some servers (soketi) report a failure as 200 with a body like
// {"error":"…","code":401}: an error with a code of 400 or more in a 2xx body
// counts as that code.
func (r Response) EffectiveStatus() int {
	if r.StatusCode < 200 || r.StatusCode > 299 || !bytes.Contains(r.Body, []byte(`"code"`)) {
		return r.StatusCode
	}
	var failure struct {
		Error any     `json:"error"`
		Code  float64 `json:"code"`
	}
	if json.Unmarshal(r.Body, &failure) != nil || failure.Error == nil || failure.Code < 400 || failure.Code > math.MaxInt16 {
		return r.StatusCode
	}
	return int(failure.Code)
}

// MaxRetryAfter caps what [Response.RetryAfter] returns: 1 hour. A server that
// asks for more is as good as down.
const MaxRetryAfter = time.Hour

// RetryAfter returns how long the server asks to wait before the next attempt,
// at most [MaxRetryAfter]. It counts only on an effective status of 429 or 503,
// since soketi sends Retry-After with successes too, and takes seconds, fractions
// of seconds and HTTP dates (RFC 9110, section 10.2.3), the latter relative to now.
func (r Response) RetryAfter(now time.Time) (time.Duration, bool) {
	if s := r.EffectiveStatus(); s != http.StatusTooManyRequests && s != http.StatusServiceUnavailable {
		return 0, false
	}
	value := strings.TrimSpace(r.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if math.IsNaN(seconds) || seconds < 0 {
			return 0, false
		}
		if seconds >= MaxRetryAfter.Seconds() {
			return MaxRetryAfter, true
		}
		return time.Duration(seconds * float64(time.Second)), true
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), MaxRetryAfter), true
	}
	return 0, false
}

// ErrResponseTooLarge is the cause when a response body exceeds
// [Request.MaxResponseBytes].
var ErrResponseTooLarge = errors.New("response body is larger than allowed")

// ReadBody reads r to its end, or fails with [ErrResponseTooLarge] as soon as
// there are more than limit bytes, without reading on. A limit of zero or less
// means none. It is for backends whose library hands out a reader.
func ReadBody(r io.Reader, limit int64) ([]byte, error) {
	if limit <= 0 {
		limit = math.MaxInt64
	}
	// Most answers are a few bytes: start small, let append double.
	body := make([]byte, 0, 64)
	for {
		room := body[len(body):cap(body)]
		// One byte more than allowed tells a body at the limit from one over it.
		if left := limit - int64(len(body)); int64(len(room))-1 > left {
			room = room[:left+1]
		}
		n, err := r.Read(room)
		body = body[:len(body)+n]
		if int64(len(body)) > limit {
			return nil, ErrResponseTooLarge
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}
