package pushertest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// Names of webhook events.
// (https://pusher.com/docs/channels/server_api/webhooks/)
const (
	occupiedHook          = "channel_occupied"
	vacatedHook           = "channel_vacated"
	memberAddedHook       = "member_added"
	memberRemovedHook     = "member_removed"
	clientEventHook       = "client_event"
	cacheMissHook         = "cache_miss"
	subscriptionCountHook = "subscription_count"
)

// WebhookConfig says where an app's webhooks go. The zero value sends none.
//
// Webhooks are signed with the app's key and secret. They go out one after the
// other, in the order of what happened: while one is being retried, the next ones
// wait. When the server closes, what is left is not sent.
type WebhookConfig struct {
	// URL is where they are POSTed to.
	URL string
	// Handler gets them without a network, instead of URL. It runs in a goroutine of
	// its own, one call at a time unless Timeout passes before it returns: that attempt
	// has failed then. It must not close the server.
	Handler http.Handler
	// Client sends to URL. Default: one that follows no redirects.
	Client *http.Client
	// Header is added to each of them.
	Header http.Header

	// Events are the names of the events to send. Default: all, subscription_count
	// if [ServerConfig.SubscriptionCounts] is set.
	Events []string
	// Delay is how long channel_vacated and member_removed wait: if the channel is
	// occupied or the user back before that, neither they are sent nor
	// channel_occupied or member_added. Default: 3 s; negative: none.
	Delay time.Duration
	// Linger is how long an event waits for others to go with it. Default: not at
	// all, but what happens while a webhook is under way goes together in the next.
	Linger time.Duration
	// MaxBatch is how many events a webhook may have. Default: 50.
	MaxBatch int

	// Timeout is how long an answer may take. Default: 10 s.
	Timeout time.Duration
	// RetryFor is how long a webhook is retried that is not answered with a 2xx.
	// Default: 5 min; negative: not at all.
	RetryFor time.Duration
	// Backoff is the wait before the first retry. It doubles with each, up to 1 min.
	// Default: 1 s.
	Backoff time.Duration
	// MaxPending is how many events may wait. More are lost. Default: 100,000.
	MaxPending int
}

// maxBackoff caps the wait between two attempts.
const maxBackoff = time.Minute

// Webhook is one attempt to send a webhook, and what became of it.
type Webhook struct {
	// Number counts the app's webhooks, from 1. All attempts of one share it.
	Number int
	// Attempt counts them, from 1. 0 for an event that was lost since too many wait.
	Attempt int
	// Time is when the attempt ended, by the server's clock.
	Time   time.Time
	Events []WebhookEvent
	// Header and Body are as sent, so that another may send them again.
	Header http.Header
	Body   string
	// Status is that of the answer. 0 if there was none.
	Status int
	// Err is why there was none.
	Err error
}

// Delivered reports whether the answer was a 2xx.
func (w Webhook) Delivered() bool { return w.Status >= 200 && w.Status <= 299 }

// WebhookEvent is one event of a webhook. Which fields are set depends on Name.
type WebhookEvent struct {
	Name              string
	Channel           string
	UserID            string
	Event             string
	Data              string
	SocketID          string
	SubscriptionCount int
}

// MarshalJSON returns the event as it stands in a webhook.
func (e WebhookEvent) MarshalJSON() ([]byte, error) {
	fields := map[string]any{"name": e.Name, "channel": e.Channel}
	if e.UserID != "" {
		fields["user_id"] = e.UserID
	}
	switch e.Name {
	case clientEventHook:
		fields["event"], fields["data"], fields["socket_id"] = e.Event, e.Data, e.SocketID
	case subscriptionCountHook:
		fields["subscription_count"] = e.SubscriptionCount
	}
	return json.Marshal(fields)
}

func (c WebhookConfig) sends() bool { return c.URL != "" || c.Handler != nil }

func (c WebhookConfig) withDefaults() WebhookConfig {
	setDefault(&c.Delay, 3*time.Second)
	setDefault(&c.MaxBatch, 50)
	setDefault(&c.Timeout, 10*time.Second)
	setDefault(&c.RetryFor, 5*time.Minute)
	setDefault(&c.Backoff, time.Second)
	setDefault(&c.MaxPending, 100_000)
	return c
}

func (c WebhookConfig) validate(field string) error {
	invalid := func(name, reason string) error {
		return &pusher.ValidationError{Field: field + name, Reason: reason}
	}
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return invalid(".URL", "must be an absolute http or https URL")
		}
	}
	switch {
	case c.URL != "" && c.Handler != nil:
		return invalid(".Handler", "goes without URL: leave one of them out")
	case c.MaxBatch < 1 || c.MaxPending < 1:
		return invalid(".MaxBatch", "must be positive, and so must MaxPending")
	case c.Linger < 0 || c.Timeout < 0 || c.Backoff < 0:
		return invalid(".Linger", "must not be negative, nor must Timeout and Backoff")
	}
	for _, name := range c.Events {
		switch name {
		case occupiedHook, vacatedHook, memberAddedHook, memberRemovedHook, clientEventHook, cacheMissHook, subscriptionCountHook:
		default:
			return invalid(".Events", "must be names of webhook events, as channel_occupied")
		}
	}
	return nil
}
