package pusher

import (
	"net/url"
	"os"
	"strconv"
	"strings"
)

// DefaultURLVariable is the environment variable that hosting providers set for
// the Channels add-on.
const DefaultURLVariable = "PUSHER_URL"

const urlForm = "want http[s]://KEY:SECRET@HOST[:PORT][/PREFIX]/apps/APP_ID"

// ConfigFromURL reads the app and the server from a URL like
// https://key:secret@api-eu.pusher.com/apps/4, as PUSHER_URL has it, and returns
// a Config to complete. A port and a path prefix before "/apps" are taken over;
// "http" sets DisableTLS. It fails with a [*ValidationError], which never shows
// the URL.
func ConfigFromURL(rawURL string) (Config, error) {
	invalid := func(reason string) (Config, error) {
		return Config{}, invalid("URL", "%s; %s", reason, urlForm)
	}
	u, err := url.Parse(strings.TrimSpace(rawURL))
	if err != nil {
		return invalid("is malformed (is a special character in key or secret not percent-encoded?)")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return invalid("must begin with http:// or https://")
	}
	secret, _ := u.User.Password()
	if u.User.Username() == "" || secret == "" {
		return invalid("lacks KEY:SECRET@")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return invalid("must not have a query or a fragment")
	}
	prefix, appID, found := cutLast(u.EscapedPath(), "/apps/")
	if !found {
		return invalid("lacks /apps/APP_ID")
	}
	cfg := Config{
		AppID:      strings.TrimSuffix(appID, "/"),
		Key:        u.User.Username(),
		Secret:     secret,
		Host:       u.Hostname(),
		DisableTLS: u.Scheme == "http",
		PathPrefix: prefix,
	}
	if cfg.Host == "" {
		return invalid("lacks a host")
	}
	if port := u.Port(); port != "" {
		if cfg.Port, err = strconv.Atoi(port); err != nil || cfg.Port < 1 || cfg.Port > 65_535 {
			return invalid("has a port outside 1–65535")
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return invalid("lacks a port after the colon")
	}
	if !isAppID(cfg.AppID) {
		return invalid("has an app id with characters outside A–Z a–z 0–9 _ -")
	}
	if err := checkHost(cfg.Host); err != nil {
		return invalid("has a host that is not a name or an address")
	}
	if err := checkPathPrefix(prefix); err != nil {
		return invalid("has a path prefix with characters outside A–Z a–z 0–9 _ - . /")
	}
	if strings.TrimSpace(secret) != secret {
		return invalid("has a secret that begins or ends with white space")
	}
	if !isKey(cfg.Key) {
		return invalid("has a key with characters outside A–Z a–z 0–9 _ - . ~")
	}
	return cfg, nil
}

// ConfigFromEnv is [ConfigFromURL] on the environment variable name; "" means
// PUSHER_URL. It fails if the variable is not set.
func ConfigFromEnv(name string) (Config, error) {
	if name == "" {
		name = DefaultURLVariable
	}
	value, ok := os.LookupEnv(name)
	if !ok || value == "" {
		return Config{}, invalid("URL", "environment variable %s is not set; %s", name, urlForm)
	}
	return ConfigFromURL(value)
}

// FromURL returns a client for the app of a URL (see [ConfigFromURL]), after the
// edits: functions that complete the Config, applied in order.
func FromURL(rawURL string, edits ...func(*Config)) (*Client, error) {
	cfg, err := ConfigFromURL(rawURL)
	return newEdited(cfg, err, edits)
}

// FromEnv returns a client for the app in the environment variable name (see
// [ConfigFromEnv]), after the edits.
func FromEnv(name string, edits ...func(*Config)) (*Client, error) {
	cfg, err := ConfigFromEnv(name)
	return newEdited(cfg, err, edits)
}

func newEdited(cfg Config, err error, edits []func(*Config)) (*Client, error) {
	if err != nil {
		return nil, err
	}
	for _, edit := range edits {
		if edit != nil {
			edit(&cfg)
		}
	}
	return New(cfg)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
