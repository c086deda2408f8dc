package pusher

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-588517f9/pusher-go/crypto"
)

// Headers of a webhook.
const (
	webhookKeyHeader       = "X-Pusher-Key"
	webhookSignatureHeader = "X-Pusher-Signature"
)

// Names of webhook events. Others may come, and are kept.
// (https://pusher.com/docs/channels/server_api/webhooks/)
const (
	WebhookChannelOccupied   = "channel_occupied"
	WebhookChannelVacated    = "channel_vacated"
	WebhookMemberAdded       = "member_added"
	WebhookMemberRemoved     = "member_removed"
	WebhookClientEvent       = "client_event"
	WebhookCacheMiss         = "cache_miss"
	WebhookSubscriptionCount = "subscription_count"
)

// Webhook is a message from the server about what happened on channels.
type Webhook struct {
	// Time is when the server made it, zero if it does not say.
	Time   time.Time
	Events []WebhookEvent
}

// WebhookEvent is one thing that happened. Which fields are set depends on Name.
type WebhookEvent struct {
	Name    string `json:"name"`
	Channel string `json:"channel,omitempty"`
	UserID  string `json:"user_id,omitempty"`
	Event   string `json:"event,omitempty"`
	// Data is that of a client event, decrypted if the channel is encrypted.
	Data              string `json:"data,omitempty"`
	SocketID          string `json:"socket_id,omitempty"`
	SubscriptionCount int    `json:"subscription_count,omitempty"`
	// Raw is the event as it came, with fields that this SDK does not know.
	Raw json.RawMessage `json:"-"`
	// Err says why Data could not be decrypted. Data is then what came. The other
	// events are good.
	Err error `json:"-"`
}

// What a [*WebhookError] matches with [errors.Is].
var (
	// ErrWebhookKey: the key is missing or none of this app's tokens.
	ErrWebhookKey = errors.New("the key is missing or unknown")
	// ErrWebhookSignature: the signature is missing or wrong. Check it against the
	// body as it came, before any parser.
	ErrWebhookSignature = errors.New("the signature is missing or wrong")
	// ErrWebhookStale: the time is further from now than Config.WebhookMaxAge.
	ErrWebhookStale = errors.New("the time is too far from now")
	// ErrWebhookBody: the body is not a webhook's JSON.
	ErrWebhookBody = errors.New("the body is not a webhook")
)

// WebhookError reports a webhook that was not accepted. It matches one of the
// ErrWebhook errors, and tells nothing that would help to forge a webhook.
type WebhookError struct {
	kind   error
	detail string
}

func (e *WebhookError) Error() string {
	if e.detail == "" {
		return "webhook: " + e.kind.Error()
	}
	return "webhook: " + e.kind.Error() + ": " + e.detail
}

// Unwrap returns the ErrWebhook error of its kind.
func (e *WebhookError) Unwrap() error { return e.kind }

// Webhook checks a webhook by its header and body as they came, and parses it. It
// fails with a [*WebhookError].
func (c *Client) Webhook(header http.Header, body []byte) (Webhook, error) {
	return c.ValidateWebhook(header.Get(webhookKeyHeader), header.Get(webhookSignatureHeader), body)
}

// ValidateWebhook checks a webhook by the values of the headers X-Pusher-Key and
// X-Pusher-Signature and the body as it came, and parses it. The signature may be
// that of any token of the app with this key. It fails with a [*WebhookError].
func (c *Client) ValidateWebhook(key, signature string, body []byte) (Webhook, error) {
	known, verified := false, false
	for _, token := range c.tokens {
		if token.Key() == key {
			known = true
			verified = verified || token.Verify(body, signature)
		}
	}
	if !known {
		return Webhook{}, &WebhookError{kind: ErrWebhookKey}
	}
	if !verified {
		return Webhook{}, &WebhookError{kind: ErrWebhookSignature}
	}
	hook, err := c.parseWebhook(body)
	if err != nil {
		return Webhook{}, err
	}
	if c.webhookMaxAge > 0 && c.now().Sub(hook.Time).Abs() > c.webhookMaxAge {
		return Webhook{}, &WebhookError{kind: ErrWebhookStale, detail: "the limit is " + c.webhookMaxAge.String()}
	}
	for i := range hook.Events {
		if e := &hook.Events[i]; e.Name == WebhookClientEvent && isEncrypted(e.Channel) {
			e.Data, e.Err = c.openData(e.Channel, e.Data)
		}
	}
	return hook, nil
}

// openData decrypts a client event's data with the current master key or a
// previous one.
func (c *Client) openData(channel, data string) (string, error) {
	if len(c.keys.open) == 0 {
		return data, errNoMasterKey(channel)
	}
	secrets := make([][crypto.KeySize]byte, len(c.keys.open))
	for i, key := range c.keys.open {
		secrets[i] = crypto.SharedSecret(channel, key)
	}
	text, err := crypto.Open([]byte(data), secrets...)
	if err != nil {
		return data, err
	}
	return string(text), nil
}

func (c *Client) parseWebhook(body []byte) (Webhook, error) {
	var parsed struct {
		TimeMS int64          `json:"time_ms"`
		Events []WebhookEvent `json:"events"`
	}
	if err := c.unmarshal(body, &parsed); err == nil && setRaw(parsed.Events, body) {
		return Webhook{Time: webhookTime(float64(parsed.TimeMS)), Events: parsed.Events}, nil
	}
	return c.parseWebhookLeniently(body)
}

// parseWebhookLeniently takes the body apart event by event, so that a field of
// another type than documented costs that field at most.
func (c *Client) parseWebhookLeniently(body []byte) (Webhook, error) {
	var parsed struct {
		TimeMS json.RawMessage   `json:"time_ms"`
		Events []json.RawMessage `json:"events"`
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return Webhook{}, &WebhookError{kind: ErrWebhookBody, detail: "it is no JSON object"}
	}
	if err := json.Unmarshal(body, &parsed); err != nil {
		return Webhook{}, &WebhookError{kind: ErrWebhookBody, detail: err.Error()}
	}
	ms, _ := strconv.ParseFloat(textOf(parsed.TimeMS), 64)
	hook := Webhook{Time: webhookTime(ms), Events: make([]WebhookEvent, len(parsed.Events))}
	for i, raw := range parsed.Events {
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(raw, &fields) // an event that is no object keeps its Raw
		count, _ := strconv.Atoi(textOf(fields["subscription_count"]))
		hook.Events[i] = WebhookEvent{
			Name: textOf(fields["name"]), Channel: textOf(fields["channel"]), UserID: textOf(fields["user_id"]),
			Event: textOf(fields["event"]), Data: textOf(fields["data"]), SocketID: textOf(fields["socket_id"]),
			SubscriptionCount: count, Raw: raw,
		}
	}
	return hook, nil
}

// webhookTime reads time_ms, which some servers (ipê, pusher-fake) give in
// seconds: what is below 10^11 is no time in milliseconds since 1973.
func webhookTime(ms float64) time.Time {
	const firstMS = 1e11
	switch {
	case math.IsNaN(ms) || ms <= 0 || ms > math.MaxInt64/2:
		return time.Time{}
	case ms < firstMS:
		return time.UnixMilli(int64(ms * 1000))
	default:
		return time.UnixMilli(int64(ms))
	}
}
