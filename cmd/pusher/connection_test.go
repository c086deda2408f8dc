package main

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	base, err := url.Parse(srv.URL())
	require.NoError(t, err)
	host, port := base.Hostname(), base.Port()
	wrong := "http://other:wrong@127.0.0.1:1/prefix/apps/1"
	parts := env{"PUSHER_APP_ID": "7", "PUSHER_APP_KEY": "app-key", "PUSHER_APP_SECRET": testSecret, "PUSHER_HOST": host, "PUSHER_PORT": port, "PUSHER_SCHEME": "http"}
	for _, test := range []struct {
		name  string
		env   env
		flags []string
	}{
		{"a URL in the environment", env{"PUSHER_URL": srv.env["PUSHER_URL"], "PUSHER_SECRET": "ignored", "PUSHER_SCHEME": "ignored"}, nil},
		{"a URL by flag", env{"PUSHER_URL": wrong}, []string{"--url", srv.env["PUSHER_URL"]}},
		{"single variables", parts, nil},
		{"single flags", nil, []string{"--app-id", "7", "--key", "app-key", "--secret", testSecret, "--host", host, "--port", port, "--no-tls"}},
		{"flags over a URL", env{"PUSHER_URL": wrong}, []string{"--app-id", "7", "--key", "app-key", "--secret=" + testSecret, "--host", host, "--port", port, "--no-tls"}},
		{"a key over a URL", env{"PUSHER_URL": "http://other:" + testSecret + "@" + base.Host + "/apps/7"}, []string{"--key", "app-key"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.JSONEq(t, `{"channels":{}}`, succeed(t, test.env, append([]string{"channels", "--json"}, test.flags...)...))
		})
	}
}

func TestPathPrefixes(t *testing.T) {
	t.Parallel()
	for _, unsigned := range []bool{false, true} {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{AppID: "7", Key: "app-key", Secret: testSecret, PathPrefix: "/realtime", UnsignedPathPrefix: unsigned})
		base, err := url.Parse(srv.URL())
		require.NoError(t, err)
		args := []string{"channels", "--path-prefix", "/realtime"}
		if unsigned {
			args = append(args, "--unsigned-path-prefix")
		}
		base.Path = ""
		assert.Equal(t, "No channel is occupied.\n", succeed(t, env{"PUSHER_URL": urlOf(t, base.String(), "/apps/7")}, args...))
	}
}

func TestConfigurationMistakes(t *testing.T) {
	t.Parallel()
	good := env{"PUSHER_APP_ID": "7", "PUSHER_KEY": "app-key", "PUSHER_SECRET": testSecret}
	with := func(name, value string) env {
		e := env{name: value}
		for n, v := range good {
			if n != name {
				e[n] = v
			}
		}
		return e
	}
	for _, test := range []struct {
		name, want string
		env        env
		flags      []string
	}{
		{"nothing", "Set --app-id or PUSHER_APP_ID, or give the whole app as --url or PUSHER_URL.", nil, nil},
		{"no key", "Set --key or PUSHER_KEY", with("PUSHER_KEY", ""), nil},
		{"no secret", "Set --secret or PUSHER_SECRET", with("PUSHER_SECRET", ""), nil},
		{"a bad URL", "invalid URL: lacks /apps/APP_ID", env{"PUSHER_URL": "http://app-key:" + testSecret + "@127.0.0.1"}, nil},
		{"an empty URL by flag", "Check --url or PUSHER_URL.", good, []string{"--url", ""}},
		{"a secret with a space", "Set --secret or PUSHER_SECRET", good, []string{"--secret", testSecret + " "}},
		{"a bad cluster", "Check --cluster, --host, --port", good, []string{"--cluster", "eu.example"}},
		{"a host with a scheme", "Check --cluster, --host, --port", good, []string{"--host", "http://127.0.0.1"}},
		{"a bad port", "Check --cluster, --host, --port", good, []string{"--port", "70000"}},
		{"a bad port in the environment", "PUSHER_PORT must be a number", with("PUSHER_PORT", testSecret), nil},
		{"a bad scheme in the environment", "PUSHER_SCHEME must be http or https", with("PUSHER_SCHEME", testSecret), nil},
		{"a bad master key", "Check --encryption-master-key", good, []string{"--encryption-master-key", testSecret}},
		{"a negative timeout", "--timeout must not be negative", good, []string{"--timeout", "-1s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := execute(t, test.env, "", append([]string{"channels"}, test.flags...)...)
			assert.Equal(t, exitUsage, r.code)
			assert.Empty(t, r.stdout)
			assert.Contains(t, r.stderr, test.want)
		})
	}
}

// configOf returns what the environment and the flags of a command amount to.
func configOf(t *testing.T, e env, flags ...string) (cfg pusher.Config) {
	t.Helper()
	a := &app{env: e.lookup}
	probe := a.command(command{name: "probe", flags: serverFlags(), run: func(_ context.Context, in *invocation) (err error) {
		cfg, err = in.config()
		return err
	}})
	require.NoError(t, probe.Run(t.Context(), append([]string{"probe"}, flags...)))
	return cfg
}

func TestAClusterOrHostReplacesTheWholeAddress(t *testing.T) {
	t.Parallel()
	e := env{"PUSHER_URL": "http://k:s@127.0.0.1:6001/prefix/apps/1"}
	from := func(edit func(cfg *pusher.Config)) pusher.Config {
		cfg := pusher.Config{AppID: "1", Key: "k", Secret: "s"}
		edit(&cfg)
		return cfg
	}
	assert.Equal(t, from(func(cfg *pusher.Config) { cfg.Cluster = "eu" }), configOf(t, e, "--cluster", "eu"))
	assert.Equal(t, from(func(cfg *pusher.Config) { cfg.Host = "example.org" }), configOf(t, e, "--host", "example.org"))
	assert.Equal(t, from(func(cfg *pusher.Config) {
		cfg.Host, cfg.Port, cfg.DisableTLS, cfg.PathPrefix = "127.0.0.1", 6002, true, "/prefix"
	}), configOf(t, e, "--port", "6002"))
	assert.Equal(t, from(func(cfg *pusher.Config) {
		cfg.Cluster, cfg.Timeout = "eu", -time.Second
	}), configOf(t, env{"PUSHER_APP_ID": "1", "PUSHER_KEY": "k", "PUSHER_SECRET": "s", "PUSHER_APP_CLUSTER": "eu"}, "--timeout", "0"))
}
