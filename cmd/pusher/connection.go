package main

import (
	"strconv"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// The variables that hold the parts of an app's configuration, in each row the
// first that is set counts. The second spelling is that of web frameworks.
var variables = map[string][]string{
	"app-id":                {"PUSHER_APP_ID"},
	"key":                   {"PUSHER_KEY", "PUSHER_APP_KEY"},
	"secret":                {"PUSHER_SECRET", "PUSHER_APP_SECRET"},
	"cluster":               {"PUSHER_CLUSTER", "PUSHER_APP_CLUSTER"},
	"host":                  {"PUSHER_HOST"},
	"port":                  {"PUSHER_PORT"},
	"scheme":                {"PUSHER_SCHEME"},
	"encryption-master-key": {"PUSHER_ENCRYPTION_MASTER_KEY_BASE64"},
}

// credentialFlags are the flags of commands that sign or verify.
func credentialFlags() []cli.Flag {
	const category = "The app"
	return []cli.Flag{
		&cli.StringFlag{Name: "url", Category: category, Usage: "app and server as `URL`, http[s]://KEY:SECRET@HOST[:PORT]/apps/APP_ID [PUSHER_URL]"},
		&cli.StringFlag{Name: "app-id", Category: category, Usage: "app `ID` [PUSHER_APP_ID]"},
		&cli.StringFlag{Name: "key", Category: category, Usage: "app `KEY` [PUSHER_KEY]"},
		&cli.StringFlag{Name: "secret", Category: category, Usage: "app `SECRET`; other users of this machine can see it, so prefer the variable [PUSHER_SECRET]"},
		&cli.StringFlag{Name: "encryption-master-key", Category: category, Usage: "`KEY` for encrypted channels, 32 bytes in base64; prefer the variable [PUSHER_ENCRYPTION_MASTER_KEY_BASE64]"},
	}
}

// serverFlags are those of commands that talk to a server, and credentialFlags.
func serverFlags() []cli.Flag {
	const category = "The server"
	return append(credentialFlags(),
		&cli.StringFlag{Name: "cluster", Category: category, Usage: "`NAME` of a hosted cluster, like eu (default: mt1) [PUSHER_CLUSTER]"},
		&cli.StringFlag{Name: "host", Category: category, Usage: "`NAME` or address of a server of your own [PUSHER_HOST]"},
		&cli.IntFlag{Name: "port", Category: category, Usage: "its `PORT` (default: 443, with --no-tls 80) [PUSHER_PORT]", HideDefault: true},
		&cli.BoolFlag{Name: "no-tls", Category: category, Usage: "send over plain HTTP [PUSHER_SCHEME=http]"},
		&cli.StringFlag{Name: "path-prefix", Category: category, Usage: "`PATH` before /apps, like /realtime"},
		&cli.BoolFlag{Name: "unsigned-path-prefix", Category: category, Usage: "leave the prefix out of what is signed, for a proxy that strips it"},
		&cli.DurationFlag{Name: "timeout", Category: category, Value: pusher.DefaultTimeout, Usage: "how long one call may take; 0 for no limit"},
	)
}

// withClient calls use with a client for the configured app.
func (in *invocation) withClient(use func(client *pusher.Client) error, edits ...func(*pusher.Config)) error {
	cfg, err := in.config()
	if err != nil {
		return err
	}
	for _, edit := range edits {
		edit(&cfg)
	}
	client, err := pusher.New(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // its connections end with the program anyway
	return use(client)
}

// offline completes the configuration for calls that need no server.
func offline(cfg *pusher.Config) {
	if cfg.AppID == "" {
		cfg.AppID = "0" // no signature but that of an API call contains it
	}
}

// config puts the configuration together: the URL of the flag or of PUSHER_URL,
// else the single variables, and over either the other flags.
func (in *invocation) config() (cfg pusher.Config, err error) {
	rawURL := in.String("url")
	if !in.IsSet("url") {
		rawURL, _ = in.env(pusher.DefaultURLVariable)
	}
	if rawURL != "" || in.IsSet("url") {
		cfg, err = pusher.ConfigFromURL(rawURL)
	} else {
		cfg, err = in.configFromVariables()
	}
	if err != nil {
		return pusher.Config{}, err
	}
	cfg.EncryptionMasterKeyBase64 = in.variable("encryption-master-key")
	in.override(&cfg)
	return cfg, in.setTimeout(&cfg)
}

func (in *invocation) configFromVariables() (pusher.Config, error) {
	cfg := pusher.Config{
		AppID:   in.variable("app-id"),
		Key:     in.variable("key"),
		Secret:  in.variable("secret"),
		Cluster: in.variable("cluster"),
		Host:    in.variable("host"),
	}
	switch in.variable("scheme") {
	case "", "https":
	case "http":
		cfg.DisableTLS = true
	default:
		return cfg, usageErrorf("PUSHER_SCHEME must be http or https")
	}
	if port := in.variable("port"); port != "" {
		var err error
		if cfg.Port, err = strconv.Atoi(port); err != nil {
			return cfg, usageErrorf("PUSHER_PORT must be a number")
		}
	}
	return cfg, nil
}

func (in *invocation) variable(name string) string {
	for _, variable := range variables[name] {
		if value, _ := in.env(variable); value != "" {
			return value
		}
	}
	return ""
}

// override lets flags replace what is configured. A cluster or a host replaces the
// whole address: a port or a prefix of another server means nothing.
func (in *invocation) override(cfg *pusher.Config) {
	if in.IsSet("cluster") || in.IsSet("host") {
		cfg.Cluster, cfg.Host, cfg.Port, cfg.DisableTLS, cfg.PathPrefix = "", "", 0, false, ""
	}
	for name, field := range map[string]*string{
		"app-id": &cfg.AppID, "key": &cfg.Key, "secret": &cfg.Secret,
		"encryption-master-key": &cfg.EncryptionMasterKeyBase64,
		"cluster":               &cfg.Cluster, "host": &cfg.Host, "path-prefix": &cfg.PathPrefix,
	} {
		if in.IsSet(name) {
			*field = in.String(name)
		}
	}
	if in.IsSet("port") {
		cfg.Port = in.Int("port")
	}
	if in.IsSet("no-tls") {
		cfg.DisableTLS = in.Bool("no-tls")
	}
	cfg.UnsignedPathPrefix = in.Bool("unsigned-path-prefix")
}

func (in *invocation) setTimeout(cfg *pusher.Config) error {
	switch timeout := in.Duration("timeout"); {
	case !in.IsSet("timeout"):
	case timeout < 0:
		return usageErrorf("--timeout must not be negative; 0 is no limit")
	case timeout == 0:
		cfg.Timeout = -1 * time.Second
	default:
		cfg.Timeout = timeout
	}
	return nil
}
