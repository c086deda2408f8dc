package pushertest

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// RateLimit says how many requests of the HTTP API an app may make. More are
// refused with 429 and Retry-After, in the way of the server's flavor: soketi's
// is a 200 whose body has the code. Requests count by [ServerConfig.Now].
type RateLimit struct {
	// Requests is how many. Default: no limit.
	Requests int
	// Per is the time for that many, from the first one on. Default: 1 s.
	Per time.Duration
}

func (l RateLimit) withDefaults() RateLimit {
	setDefault(&l.Per, time.Second)
	return l
}

// rate counts the requests of an app.
type rate struct {
	limit RateLimit

	mu    sync.Mutex
	began time.Time
	count int
}

// take counts a request, and returns when the next ones may come if it is one too
// many, and for how long the present time lasts.
func (r *rate) take(now time.Time) (left time.Duration, ok bool) {
	if r.limit.Requests <= 0 {
		return 0, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if passed := now.Sub(r.began); passed < 0 || passed >= r.limit.Per {
		r.began, r.count = now, 0
	}
	left = r.began.Add(r.limit.Per).Sub(now)
	if r.count >= r.limit.Requests {
		return left, false
	}
	r.count++
	return left, true
}

// checkRate refuses a request over the app's rate.
func (a *App) checkRate(w http.ResponseWriter, now time.Time) error {
	left, ok := a.rate.take(now)
	quirks := a.srv.cfg.Quirks
	switch {
	case !ok && !quirks.NoRetryAfter:
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(left.Seconds()))))
	case ok && quirks.RetryAfterOnSuccess && left > 0:
		w.Header().Set("Retry-After", strconv.FormatFloat(left.Seconds(), 'f', -1, 64))
	}
	if !ok {
		return refuse(http.StatusTooManyRequests, "more than %d requests in %s", a.rate.limit.Requests, a.rate.limit.Per)
	}
	return nil
}
