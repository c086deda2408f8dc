package pushertest

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// What a [Server] uses where its [ServerConfig] says nothing.
const (
	DefaultAppID  = "1001"
	DefaultKey    = "pushertest-key"
	DefaultSecret = "pushertest-secret"

	// DefaultAddr is any free port of the loopback interface.
	DefaultAddr = "127.0.0.1:0"

	// DefaultKeepRequests is how many requests a server remembers, and
	// DefaultKeepDeliveries how many deliveries and webhooks of each app.
	DefaultKeepRequests   = 1_000
	DefaultKeepDeliveries = 1_000

	// EncryptionMasterKeyBase64 is in every [App.Config]. The server itself
	// needs no master key: it passes ciphertext on, as every Channels server does.
	EncryptionMasterKeyBase64 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// ServerConfig says how a [Server] behaves. The zero value is ready for use.
type ServerConfig struct {
	// AppID, Key and Secret are those of the first app. Defaults: [DefaultAppID],
	// [DefaultKey], [DefaultSecret].
	AppID, Key, Secret string
	// Webhooks says where the first app's go. Default: none are sent.
	Webhooks WebhookConfig
	// Apps are further apps on the same server. Their ids and keys must differ.
	Apps []AppConfig

	// Addr is where to listen, "host:port". Port 0 is any that is free. Others than
	// loopback let other machines in. Default: [DefaultAddr].
	Addr string
	// InMemory serves without a port: connections are made by [Server.DialContext],
	// for tests in a testing/synctest bubble, where a network stops the clock.
	InMemory bool
	// PathPrefix goes before "/apps" and "/app": "/realtime". Default none.
	PathPrefix string
	// UnsignedPathPrefix says that clients leave PathPrefix out of what they sign.
	// With [Reverb] they always do.
	UnsignedPathPrefix bool
	// RequireTLS closes WebSocket clients that connect without TLS, with 4000. It is
	// for servers that [Server.Handler] is mounted in.
	RequireTLS bool

	// Flavor is whose answers the server gives, a constant or its name. Default:
	// those of hosted Channels.
	Flavor Flavor
	// Quirks are what sets the server apart from hosted Channels. Default: those of
	// Flavor. For some of them and not others, change what [Flavor.Quirks] returns.
	Quirks Quirks
	// RateLimit refuses requests of the HTTP API that come too fast. Default: none.
	RateLimit RateLimit

	// SubscriptionCounts sends pusher_internal:subscription_count to all on a channel
	// without presence whenever their number changes.
	SubscriptionCounts bool
	// ActivityTimeout is how long a client may be silent before the server sends
	// pusher:ping, in whole seconds as clients are told. Default: 120 s; negative:
	// the server sends none.
	ActivityTimeout time.Duration
	// PongTimeout is how long a client has to send anything after that, before the
	// server closes with 4201. It also ends writes to a client that does not read.
	// Default: 30 s.
	PongTimeout time.Duration
	// ReadTimeout is how long a client may take to send a request's header, and
	// again for its body. Default: 10 s.
	ReadTimeout time.Duration

	// Now tells the time: for the age of signatures, the Date header, the age
	// of cached events and rates. Default: [time.Now]. It is called from several
	// goroutines, also while the server holds a lock: it must not call the server.
	// Timeouts and delays do not use it: they pass in real time, or in that of a
	// testing/synctest bubble.
	Now func() time.Time

	// Limits overrides what the server refuses.
	Limits ServerLimits

	// Faults are injected before the first request, as by [Server.Inject].
	Faults []Fault

	// KeepEvents is how many events [App.Events] remembers, the latest. Default:
	// all; negative: none. Bound it where a test sends hundreds of thousands, and
	// in a server that runs for long.
	KeepEvents int
	// KeepRequests is how many requests [Server.Requests] remembers, the latest,
	// each with its body. Default: [DefaultKeepRequests]; negative: none.
	KeepRequests int
	// KeepDeliveries is how many [App.Deliveries] and [App.Webhooks] each app
	// remembers, the latest. Default: [DefaultKeepDeliveries]; negative: none.
	KeepDeliveries int
}

// AppConfig is an app on a server. See [ServerConfig.Apps].
type AppConfig struct {
	// ID, Key and Secret are required.
	ID, Key, Secret string
	// Webhooks says where the app's go. Default: none are sent.
	Webhooks WebhookConfig
	// Disabled refuses requests to the HTTP API with 403 and closes WebSocket
	// clients with 4003.
	Disabled bool
}

func (c ServerConfig) withDefaults() ServerConfig {
	setDefault(&c.AppID, DefaultAppID)
	setDefault(&c.Key, DefaultKey)
	setDefault(&c.Secret, DefaultSecret)
	setDefault(&c.Addr, DefaultAddr)
	if c.PathPrefix = strings.Trim(c.PathPrefix, "/"); c.PathPrefix != "" {
		c.PathPrefix = "/" + c.PathPrefix
	}
	if string(c.Flavor) == Hosted.String() {
		c.Flavor = Hosted
	}
	setDefault(&c.Quirks, c.Flavor.Quirks())
	if c.Flavor == Reverb {
		c.UnsignedPathPrefix = true
		setDefault(&c.Limits.RequestBytes, 10_000)
	}
	setDefault(&c.ActivityTimeout, 120*time.Second)
	setDefault(&c.PongTimeout, 30*time.Second)
	setDefault(&c.ReadTimeout, 10*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	setDefault(&c.KeepRequests, DefaultKeepRequests)
	setDefault(&c.KeepDeliveries, DefaultKeepDeliveries)
	c.Limits = c.Limits.withDefaults()
	c.RateLimit = c.RateLimit.withDefaults()
	return c
}

// apps returns all apps, the first one first, with what they may leave out.
func (c ServerConfig) apps() []AppConfig {
	first := AppConfig{ID: c.AppID, Key: c.Key, Secret: c.Secret, Webhooks: c.Webhooks}
	apps := append([]AppConfig{first}, c.Apps...)
	for i := range apps {
		apps[i].Webhooks = apps[i].Webhooks.withDefaults()
	}
	return apps
}

func (c ServerConfig) validate() error {
	ids, keys := map[string]bool{}, map[string]bool{}
	for i, app := range c.apps() {
		field := func(name string) string {
			if i == 0 {
				return "ServerConfig." + name
			}
			return fmt.Sprintf("ServerConfig.Apps[%d].%s", i-1, name)
		}
		switch {
		case app.ID == "" || app.Key == "" || app.Secret == "":
			return &pusher.ValidationError{Field: field("ID"), Reason: "must be given, and so must Key and Secret"}
		case ids[app.ID]:
			return &pusher.ValidationError{Field: field("ID"), Reason: "must not be that of another app"}
		case keys[app.Key]:
			return &pusher.ValidationError{Field: field("Key"), Reason: "must not be that of another app"}
		}
		if err := app.Webhooks.validate(field("Webhooks")); err != nil {
			return err
		}
		ids[app.ID], keys[app.Key] = true, true
	}
	switch {
	case !c.Flavor.known():
		return &pusher.ValidationError{Field: "ServerConfig.Flavor", Reason: "must be one of pushertest's constants"}
	case c.Quirks.FailuresAs200 && c.Quirks.ErrorBody != ErrorNumber:
		return &pusher.ValidationError{Field: "ServerConfig.Quirks.FailuresAs200", Reason: "needs ErrorNumber as ErrorBody, or nothing would tell the failure"}
	case c.PongTimeout < 0 || c.ReadTimeout < 0:
		return &pusher.ValidationError{Field: "ServerConfig.PongTimeout", Reason: "must not be negative, nor must ReadTimeout"}
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
