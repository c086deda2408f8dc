package pusher

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
)

// DefaultTimeout bounds each attempt of a call unless [Config.Timeout] says
// otherwise.
const DefaultTimeout = 5 * time.Second

// DefaultCluster is the cluster of apps that name none.
const DefaultCluster = "mt1"

// Config says which app a [Client] acts for and how. AppID, Key and Secret are
// required; for every other field the zero value is the documented default. [New]
// copies it, so changing it afterwards has no effect.
//
// A Config prints and marshals with its secrets redacted. Only in an unexported
// field of a struct, by value or by pointer, is it beyond that, as are [Token],
// [ChannelAuth] and [UserAuth]: fmt cannot call their methods there.
type Config struct {
	// AppID is the app's id, from its "App Keys" page. Hosted apps have a number,
	// self-hosted servers take any of A–Z a–z 0–9 _ -.
	AppID string
	// Key is the app's key. It is public: clients connect with it.
	Key string
	// Secret is the app's secret. Requests and authorizations are signed with it.
	Secret string

	// Cluster selects api-<cluster>.pusher.com. Default "mt1". Ignored when Host
	// is set.
	Cluster string
	// Host is the server's name or address, without scheme, port or path.
	Host string
	// Port is the server's port. Default 443, or 80 with DisableTLS.
	Port int
	// DisableTLS sends over plain HTTP.
	DisableTLS bool
	// PathPrefix goes before "/apps" in every path: "/realtime". Default none.
	PathPrefix string
	// UnsignedPathPrefix leaves PathPrefix out of what is signed, for servers
	// behind a proxy that strips it (Reverb). By default it is signed (soketi).
	UnsignedPathPrefix bool

	// Timeout bounds each attempt of a call, where the context has no earlier
	// deadline. Default [DefaultTimeout]; negative means no limit.
	Timeout time.Duration
	// Proxy is the URL of an HTTP, HTTPS or SOCKS5 proxy for the default backend.
	// Default: the environment's (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). With a
	// Backend of your own, set the proxy on its client.
	Proxy string

	// EncryptionMasterKeyBase64 is the key for end-to-end encryption: 32 bytes in
	// base64, as `openssl rand -base64 32` prints them. Needed only for channels
	// that begin with "private-encrypted-".
	EncryptionMasterKeyBase64 string
	// EncryptionMasterKey is the same key as 32 raw bytes.
	//
	// Deprecated: set EncryptionMasterKeyBase64.
	EncryptionMasterKey string
	// PreviousEncryptionMasterKeysBase64 still open webhook data that was
	// encrypted before the key was rotated. They encrypt nothing.
	PreviousEncryptionMasterKeysBase64 []string

	// WebhookTokens are further tokens whose webhooks are accepted beside those of
	// Key and Secret: an app may have several, and needs two to rotate one.
	WebhookTokens []Token
	// WebhookMaxAge rejects webhooks whose time differs by more from Now. Default:
	// no check. Channels retries a failed delivery for 5 minutes, so a shorter age
	// loses events; the Python library uses 300 seconds.
	WebhookMaxAge time.Duration

	// Limits overrides what is checked before anything is sent, for dedicated
	// clusters and self-hosted servers.
	Limits Limits

	// JSONMarshal encodes event data, presence members and users. Default:
	// encoding/json without HTML escaping.
	JSONMarshal func(v any) ([]byte, error)
	// JSONUnmarshal decodes answers and webhooks. Default: [json.Unmarshal].
	JSONUnmarshal func(data []byte, v any) error
	// Now tells the time that goes into signatures. Default: [time.Now].
	Now func() time.Time
	// Logger gets one line a call at debug level: operation, status, duration and
	// bytes, never a secret, a signature or a payload. Handlers report errors of
	// your callbacks to it, and at warn level refused webhooks. Default: none.
	Logger *slog.Logger
	// Backend sends the requests. Default: net/http, tuned (see package
	// backend/nethttp).
	Backend backend.Backend
}

// Token is a key with its secret. It prints and marshals without the secret.
type Token struct {
	Key    string
	Secret string
}

const redacted = "[redacted]"

func redact(secret string) string {
	if secret == "" {
		return ""
	}
	return redacted
}

// redactedConfig is what a Config shows of itself.
type redactedConfig struct {
	AppID, Key, Secret                 string
	Cluster, Host                      string
	Port                               int
	DisableTLS                         bool
	PathPrefix                         string
	UnsignedPathPrefix                 bool
	Timeout                            time.Duration
	Proxy                              string
	EncryptionMasterKeyBase64          string
	EncryptionMasterKey                string
	PreviousEncryptionMasterKeysBase64 int
	WebhookTokens                      []Token
	WebhookMaxAge                      time.Duration
	Limits                             Limits
	Backend                            string
}

func (c Config) redacted() redactedConfig {
	name := ""
	if c.Backend != nil {
		name = fmt.Sprintf("%T", c.Backend)
	}
	return redactedConfig{
		AppID: c.AppID, Key: c.Key, Secret: redact(c.Secret),
		Cluster: c.Cluster, Host: c.Host, Port: c.Port, DisableTLS: c.DisableTLS,
		PathPrefix: c.PathPrefix, UnsignedPathPrefix: c.UnsignedPathPrefix,
		Timeout: c.Timeout, Proxy: redact(c.Proxy),
		EncryptionMasterKeyBase64:          redact(c.EncryptionMasterKeyBase64),
		EncryptionMasterKey:                redact(c.EncryptionMasterKey),
		PreviousEncryptionMasterKeysBase64: len(c.PreviousEncryptionMasterKeysBase64),
		WebhookTokens:                      c.WebhookTokens, WebhookMaxAge: c.WebhookMaxAge,
		Limits: c.Limits, Backend: name,
	}
}

// Format prints the fields with secrets redacted, for every verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "pusher.Config%+v", c.redacted()) }

// LogValue returns the fields with secrets redacted.
func (c Config) LogValue() slog.Value { return slog.AnyValue(c.redacted()) }

// MarshalJSON returns the fields with secrets redacted. It is for logs: a Config
// cannot be read back from it.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.redacted()) }

// Format prints the key alone, for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.redacted()) }

// LogValue returns the key alone.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.redacted()) }

// MarshalJSON returns the key alone.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.redacted()) }

func (t Token) redacted() string { return "{" + t.Key + " " + redacted + "}" }
