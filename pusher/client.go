package pusher

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/crypto"
)

// Client acts for one app. It never changes after [New]; all methods are safe for
// concurrent use. It never prints its secrets.
type Client struct {
	appPath       string // path prefix, where signed, and /apps/{id}
	eventsPath    string
	batchPath     string
	signer        *requestSigner
	tokens        []*crypto.Signer // whose webhooks are accepted, the app's own first
	keys          *keyring
	random        io.Reader
	limits        Limits
	timeout       time.Duration
	webhookMaxAge time.Duration
	marshal       func(v any) ([]byte, error) // nil: the built-in codec
	unmarshal     func(data []byte, v any) error
	now           func() time.Time
	logger        *slog.Logger
	backend       backend.Backend
	postHeader    http.Header
	getHeader     http.Header
}

// keyring holds the master keys. It is a pointer of its own since fmt follows one
// pointer to print what a verb does not fit.
type keyring struct {
	master *crypto.MasterKey   // nil if there is none
	open   []*crypto.MasterKey // that open webhook data, the current first
}

// New returns a client for cfg, which it copies. It fails with a
// [*ValidationError] that names the field and what to write instead.
func New(cfg Config) (*Client, error) {
	if err := checkConfig(&cfg); err != nil {
		return nil, err
	}
	c := &Client{
		random:        rand.Reader,
		limits:        cfg.Limits.withDefaults(),
		timeout:       cfg.Timeout,
		webhookMaxAge: max(cfg.WebhookMaxAge, 0),
		marshal:       cfg.JSONMarshal,
		unmarshal:     cfg.JSONUnmarshal,
		now:           cfg.Now,
		logger:        cfg.Logger,
		backend:       cfg.Backend,
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.unmarshal == nil {
		c.unmarshal = json.Unmarshal
	}
	if c.now == nil {
		c.now = time.Now
	}
	if err := c.setKeys(&cfg); err != nil {
		return nil, err
	}
	if err := c.setBackend(&cfg); err != nil {
		return nil, err
	}
	c.setAddress(&cfg)
	return c, nil
}

func checkConfig(cfg *Config) error {
	switch {
	case cfg.AppID == "":
		return invalid("Config.AppID", "is empty; it is on the app's page, under App Keys")
	case !isAppID(cfg.AppID):
		return invalid("Config.AppID", "%s has characters outside A–Z a–z 0–9 _ -", quoted(cfg.AppID))
	case cfg.Key == "":
		return invalid("Config.Key", "is empty; it is on the app's page, under App Keys")
	case !isKey(cfg.Key):
		return invalid("Config.Key", "has characters outside A–Z a–z 0–9 _ - . ~")
	case cfg.Secret == "":
		return invalid("Config.Secret", "is empty; it is on the app's page, under App Keys")
	case strings.TrimSpace(cfg.Secret) != cfg.Secret:
		return invalid("Config.Secret", "begins or ends with white space")
	case cfg.Port < 0 || cfg.Port > 65_535:
		return invalid("Config.Port", "%d is outside 1–65535", cfg.Port)
	}
	if cfg.Host != "" {
		if err := checkHost(cfg.Host); err != nil {
			return err
		}
	} else if cfg.Cluster != "" && !isCluster(cfg.Cluster) {
		return invalid("Config.Cluster", "%s is not a cluster, like eu or us2; for a server of your own set Host", quoted(cfg.Cluster))
	}
	for i, token := range cfg.WebhookTokens {
		if token.Key == "" || token.Secret == "" {
			return invalid("Config.WebhookTokens["+strconv.Itoa(i)+"]", "needs a Key and a Secret")
		}
	}
	return checkPathPrefix(cfg.PathPrefix)
}

func (c *Client) setKeys(cfg *Config) error {
	c.keys = &keyring{}
	own := crypto.NewSigner(cfg.Key, cfg.Secret)
	c.signer = &requestSigner{signer: own, now: c.now}
	c.tokens = append(c.tokens, own)
	for _, token := range cfg.WebhookTokens {
		c.tokens = append(c.tokens, crypto.NewSigner(token.Key, token.Secret))
	}

	const field = "Config.EncryptionMasterKeyBase64"
	var err error
	switch {
	case cfg.EncryptionMasterKeyBase64 != "" && cfg.EncryptionMasterKey != "":
		return invalid(field, "is set, and EncryptionMasterKey too: set this one only")
	case cfg.EncryptionMasterKeyBase64 != "":
		if c.keys.master, err = crypto.ParseMasterKeyBase64(cfg.EncryptionMasterKeyBase64); err != nil {
			return invalidKey(field, err)
		}
	case cfg.EncryptionMasterKey != "":
		if c.keys.master, err = crypto.ParseMasterKey(cfg.EncryptionMasterKey); err != nil {
			return invalidKey("Config.EncryptionMasterKey", err)
		}
	}
	if c.keys.master != nil {
		c.keys.open = append(c.keys.open, c.keys.master)
	}
	for i, encoded := range cfg.PreviousEncryptionMasterKeysBase64 {
		key, err := crypto.ParseMasterKeyBase64(encoded)
		if err != nil {
			return invalidKey("Config.PreviousEncryptionMasterKeysBase64["+strconv.Itoa(i)+"]", err)
		}
		c.keys.open = append(c.keys.open, key)
	}
	return nil
}

func invalidKey(field string, err error) *ValidationError {
	return &ValidationError{Field: field, Reason: err.Error(), err: err}
}

func (c *Client) setBackend(cfg *Config) error {
	if cfg.Proxy == "" {
		if c.backend == nil {
			c.backend = nethttp.New(nil)
		}
		return nil
	}
	const field = "Config.Proxy"
	if c.backend != nil {
		return invalid(field, "is for the default backend; with Config.Backend, set the proxy on that library's client")
	}
	proxy, err := url.Parse(cfg.Proxy)
	if err != nil || proxy.Host == "" {
		return invalid(field, "is not a URL like http://host:3128")
	}
	switch proxy.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return invalid(field, "has the scheme %s: want http, https, socks5 or socks5h", quoted(proxy.Scheme))
	}
	transport := nethttp.NewTransport()
	transport.Proxy = http.ProxyURL(proxy)
	c.backend = nethttp.New(&http.Client{Transport: transport})
	return nil
}

func (c *Client) setAddress(cfg *Config) {
	scheme, port := "https", "443"
	if cfg.DisableTLS {
		scheme, port = "http", "80"
	}
	host := cfg.Host
	if host == "" {
		cluster := cfg.Cluster
		if cluster == "" {
			cluster = DefaultCluster
		}
		host = "api-" + cluster + ".pusher.com"
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	switch p := strconv.Itoa(cfg.Port); {
	case cfg.Port != 0 && p != port:
		host = net.JoinHostPort(host, p)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	c.signer.base = scheme + "://" + host
	c.appPath = "/apps/" + cfg.AppID
	if cfg.UnsignedPathPrefix {
		c.signer.base += cfg.PathPrefix
	} else {
		c.appPath = cfg.PathPrefix + c.appPath
	}
	c.eventsPath = c.appPath + "/events"
	c.batchPath = c.appPath + "/batch_events"
	c.getHeader = http.Header{"X-Pusher-Library": {libraryName}}
	c.postHeader = http.Header{"X-Pusher-Library": {libraryName}, "Content-Type": {"application/json"}}
}

// Close closes idle connections of the backend, if it has any. The client stays
// usable, and Close may be called more than once.
func (c *Client) Close() error {
	if closer, ok := c.backend.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// String returns the app's path and the server.
func (c *Client) String() string { return "pusher.Client(" + c.signer.base + c.appPath + ")" }

// Format prints [Client.String] for every verb.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue returns what String returns.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// requestSigner signs calls for the client's server, at the client's time.
type requestSigner struct {
	signer *crypto.Signer
	base   string // scheme, host and unsigned path prefix
	now    func() time.Time
}

var _ backend.Signer = (*requestSigner)(nil)

func (s *requestSigner) SignedURL(call backend.Call, sum backend.BodyMD5) string {
	var bodyMD5 []byte
	if len(call.Body) > 0 {
		bodyMD5 = sum[:]
	}
	return s.signer.SignedURL(s.base, crypto.Unsigned{
		Method:  call.Method,
		Path:    call.Path,
		Query:   call.Query,
		BodyMD5: bodyMD5,
		Time:    s.now(),
	})
}
