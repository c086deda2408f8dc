package pushertest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// keyLifetime is how long an idempotency key is remembered.
	keyLifetime = 2 * time.Minute
	// maxKeys is how many are.
	maxKeys = 10_000
)

// idempotencyKeys are those that an app has seen. The zero value is ready for use.
type idempotencyKeys struct {
	mu   sync.Mutex
	seen map[string]*idempotencyKey
	// order has the keys, oldest first.
	order []*idempotencyKey
}

type idempotencyKey struct {
	name string
	at   time.Time
	// pending says that the request that brought the key is still being answered.
	pending bool
}

var errInProgress = refuse(http.StatusServiceUnavailable, "another attempt with this idempotency key is in progress")

// accept publishes events, without those whose key the app has seen where keys
// count, and returns the state of each one's channel.
func (a *App) accept(c *apiCall, events []Event) ([]channelState, error) {
	if !a.srv.cfg.Quirks.IdempotencyKeys {
		return a.hub.publish(events), nil
	}
	keys := make([]string, len(events))
	for i, event := range events {
		keys[i] = event.IdempotencyKey
	}
	used, err := a.keys.claim(c, keys, a.now())
	if err != nil {
		return nil, err
	}
	a.hub.publish(slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return used[e.IdempotencyKey] }))
	states := make([]channelState, len(events))
	for i, event := range events {
		states[i] = a.hub.state(event.Channel)
	}
	return states, nil
}

// claim makes keys the call's own until release, and returns those that another
// call has used. It fails while another call has one of them.
func (k *idempotencyKeys) claim(c *apiCall, keys []string, now time.Time) (used map[string]bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire(now)
	used = map[string]bool{}
	for _, name := range keys {
		switch key := k.seen[name]; {
		case key == nil:
		case key.pending:
			return nil, errInProgress
		default:
			used[name] = true
		}
	}
	if k.seen == nil {
		k.seen = map[string]*idempotencyKey{}
	}
	for _, name := range keys {
		if name != "" && k.seen[name] == nil {
			key := &idempotencyKey{name: name, at: now, pending: true}
			k.seen[name] = key
			k.order = append(k.order, key)
			c.claimed = append(c.claimed, key)
		}
	}
	return used, nil
}

// release says that a call has been answered.
func (k *idempotencyKeys) release(c *apiCall) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range c.claimed {
		key.pending = false
	}
}

func (k *idempotencyKeys) expire(now time.Time) {
	for len(k.order) > 0 && (now.Sub(k.order[0].at) >= keyLifetime || len(k.order) > maxKeys) {
		delete(k.seen, k.order[0].name)
		k.order = k.order[1:]
	}
}
