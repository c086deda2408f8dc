package pusher_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestNew_refusesBadConfig(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		edit  func(*pusher.Config)
		field string
	}{
		"no app id":            {func(c *pusher.Config) { c.AppID = "" }, "Config.AppID"},
		"app id with slash":    {func(c *pusher.Config) { c.AppID = "1/2" }, "Config.AppID"},
		"app id with newline":  {func(c *pusher.Config) { c.AppID = "1\n" }, "Config.AppID"},
		"no key":               {func(c *pusher.Config) { c.Key = "" }, "Config.Key"},
		"key with colon":       {func(c *pusher.Config) { c.Key = "a:b" }, "Config.Key"},
		"no secret":            {func(c *pusher.Config) { c.Secret = "" }, "Config.Secret"},
		"secret with newline":  {func(c *pusher.Config) { c.Secret = "s3cr3t\n" }, "Config.Secret"},
		"cluster with path":    {func(c *pusher.Config) { c.Cluster = "eu/../x" }, "Config.Cluster"},
		"cluster with dot":     {func(c *pusher.Config) { c.Cluster = "eu.evil" }, "Config.Cluster"},
		"host with scheme":     {func(c *pusher.Config) { c.Host = "https://h.example" }, "Config.Host"},
		"host with port":       {func(c *pusher.Config) { c.Host = "h.example:6001" }, "Config.Host"},
		"host with path":       {func(c *pusher.Config) { c.Host = "h.example/x" }, "Config.Host"},
		"host with space":      {func(c *pusher.Config) { c.Host = "h example" }, "Config.Host"},
		"host with user":       {func(c *pusher.Config) { c.Host = "u@h.example" }, "Config.Host"},
		"negative port":        {func(c *pusher.Config) { c.Port = -1 }, "Config.Port"},
		"port too large":       {func(c *pusher.Config) { c.Port = 65_536 }, "Config.Port"},
		"prefix without slash": {func(c *pusher.Config) { c.PathPrefix = "ws" }, "Config.PathPrefix"},
		"prefix with slash":    {func(c *pusher.Config) { c.PathPrefix = "/ws/" }, "Config.PathPrefix"},
		"prefix that climbs":   {func(c *pusher.Config) { c.PathPrefix = "/../ws" }, "Config.PathPrefix"},
		"key of 31 bytes":      {func(c *pusher.Config) { c.EncryptionMasterKeyBase64 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" }, "Config.EncryptionMasterKeyBase64"},
		"key of 33 bytes":      {func(c *pusher.Config) { c.EncryptionMasterKeyBase64 = strings.Repeat("A", 44) }, "Config.EncryptionMasterKeyBase64"},
		"key not base64":       {func(c *pusher.Config) { c.EncryptionMasterKeyBase64 = "!" }, "Config.EncryptionMasterKeyBase64"},
		"raw key of 31 bytes": {func(c *pusher.Config) {
			c.EncryptionMasterKeyBase64, c.EncryptionMasterKey = "", strings.Repeat("k", 31)
		}, "Config.EncryptionMasterKey"},
		"raw key of 33 bytes": {func(c *pusher.Config) {
			c.EncryptionMasterKeyBase64, c.EncryptionMasterKey = "", strings.Repeat("k", 33)
		}, "Config.EncryptionMasterKey"},
		"both keys":            {func(c *pusher.Config) { c.EncryptionMasterKey = strings.Repeat("k", 32) }, "Config.EncryptionMasterKeyBase64"},
		"bad previous key":     {func(c *pusher.Config) { c.PreviousEncryptionMasterKeysBase64 = []string{masterKey, "x"} }, "Config.PreviousEncryptionMasterKeysBase64[1]"},
		"token without secret": {func(c *pusher.Config) { c.WebhookTokens = []pusher.Token{{Key: "k"}} }, "Config.WebhookTokens[0]"},
		"proxy and backend":    {func(c *pusher.Config) { c.Proxy, c.Backend = "http://p:1", backend.Func(nil) }, "Config.Proxy"},
		"proxy without scheme": {func(c *pusher.Config) { c.Proxy = "p:1" }, "Config.Proxy"},
		"proxy of any scheme":  {func(c *pusher.Config) { c.Proxy = "ftp://p:1" }, "Config.Proxy"},
		"proxy unparsable":     {func(c *pusher.Config) { c.Proxy = "http://user:hunter2@[" }, "Config.Proxy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := vectorConfig()
			row.edit(&cfg)
			client, err := pusher.New(cfg)
			require.Nil(t, client)
			requireInvalid(t, err, row.field)
			require.NotContains(t, err.Error(), "s3cr3t")
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestNew_address(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		edit func(*pusher.Config)
		want string
	}{
		{func(*pusher.Config) {}, "https://api-mt1.pusher.com"},
		{func(c *pusher.Config) { c.Cluster = "eu" }, "https://api-eu.pusher.com"},
		{func(c *pusher.Config) { c.Cluster, c.DisableTLS = "us2", true }, "http://api-us2.pusher.com"},
		{func(c *pusher.Config) { c.Cluster, c.Host = "eu", "h.example" }, "https://h.example"},
		{func(c *pusher.Config) { c.Host, c.Port = "h.example", 443 }, "https://h.example"},
		{func(c *pusher.Config) { c.Host, c.Port = "h.example", 6001 }, "https://h.example:6001"},
		{func(c *pusher.Config) { c.Host, c.Port, c.DisableTLS = "127.0.0.1", 80, true }, "http://127.0.0.1"},
		{func(c *pusher.Config) { c.Host, c.Port, c.DisableTLS = "127.0.0.1", 443, true }, "http://127.0.0.1:443"},
		{func(c *pusher.Config) { c.Host, c.Port = "::1", 6001 }, "https://[::1]:6001"},
		{func(c *pusher.Config) { c.Host = "[::1]" }, "https://[::1]"},
		{func(c *pusher.Config) { c.Port = 8443 }, "https://api-mt1.pusher.com:8443"},
	} {
		client, w := setup(t, row.edit)
		require.NoError(t, one(t, client))
		require.True(t, strings.HasPrefix(w.last(t).url, row.want+"/apps/1001/events?"), w.last(t).url)
		require.Contains(t, client.String(), row.want)
	}
}

func TestNew_copiesItsConfig(t *testing.T) {
	t.Parallel()
	tokens := []pusher.Token{{Key: "k", Secret: "s"}}
	client, w := setup(t, func(c *pusher.Config) { c.WebhookTokens = tokens })
	tokens[0].Key = "other"
	_, err := client.ValidateWebhook("k", "bad", []byte("{}"))
	require.ErrorIs(t, err, pusher.ErrWebhookSignature, "the token's key is still known")
	require.NoError(t, one(t, client))
	require.Equal(t, 1, w.count())
}

func TestConfigFromURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]pusher.Config{
		"https://k:s@api-eu.pusher.com/apps/4":   {AppID: "4", Key: "k", Secret: "s", Host: "api-eu.pusher.com"},
		"http://k:s@127.0.0.1:6001/apps/app-1":   {AppID: "app-1", Key: "k", Secret: "s", Host: "127.0.0.1", Port: 6001, DisableTLS: true},
		"https://k:s%2F%3A%40@h.example/apps/4/": {AppID: "4", Key: "k", Secret: "s/:@", Host: "h.example"},
		"https://k:s@[::1]:8080/a/b/apps/4":      {AppID: "4", Key: "k", Secret: "s", Host: "::1", Port: 8080, PathPrefix: "/a/b"},
		"https://k:s@h.example/apps/1/apps/2":    {AppID: "2", Key: "k", Secret: "s", Host: "h.example", PathPrefix: "/apps/1"},
	} {
		got, err := pusher.ConfigFromURL(url)
		require.NoError(t, err, url)
		require.Equal(t, want, got, url)
		_, err = pusher.New(got)
		require.NoError(t, err, url)
	}
	padded, err := pusher.ConfigFromURL(" https://k:s@h.example/apps/4 \n")
	require.NoError(t, err, "white space around it is not part of it")
	require.Equal(t, "4", padded.AppID)
	for _, url := range []string{
		"", "x", "ftp://k:hunter2@h/apps/4", "https://h/apps/4", "https://k@h/apps/4", "https://:hunter2@h/apps/4", "https://k:hunter2@h/",
		"https://k:hunter2@h/apps/", "https://k:hunter2@h/apps/a b", "https://k:hunter2@h:x/apps/4", "https://k:hunter2@h:/apps/4",
		"https://k:hunter2@h:0/apps/4", "https://k:hunter2@h:65536/apps/4", "https://k:hunter2@/apps/4", "https://k:hunter2@h/apps/4?x=y",
		"https://k:hunter2@h/apps/4#x", "https://k:hunter2@h/%2e%2e/apps/4", "https://k:hunter2@h/apps/4/x", "https://k:hunter2%zz@h/apps/4",
		"https://k%20:hunter2@h/apps/4", "https://k:hunter2@h\x7f/apps/4", "https://k:hunter2@h_%41/apps/4?",
	} {
		_, err := pusher.ConfigFromURL(url)
		requireInvalid(t, err, "URL")
		require.NotContains(t, err.Error(), "hunter2")
		_, err = pusher.FromURL(url)
		requireInvalid(t, err, "URL")
	}
}

func TestFromEnv(t *testing.T) {
	t.Setenv("PUSHER_URL", "https://k:s@h.example/apps/4")
	t.Setenv("OTHER_URL", "https://k:s@h.example/apps/5")
	client, err := pusher.FromEnv("")
	require.NoError(t, err)
	require.Contains(t, client.String(), "/apps/4")
	client, err = pusher.FromEnv("OTHER_URL", func(c *pusher.Config) { c.Host = "other.example" })
	require.NoError(t, err)
	require.Contains(t, client.String(), "https://other.example/apps/5")
	_, err = pusher.FromEnv("MISSING_URL")
	requireInvalid(t, err, "URL")
	require.ErrorContains(t, err, "MISSING_URL")
	_, err = pusher.FromURL("https://k:s@h.example/apps/4", func(c *pusher.Config) { c.Cluster, c.Host = "!", "" })
	requireInvalid(t, err, "Config.Cluster")
}

func TestConfig_codec(t *testing.T) {
	t.Parallel()
	var decoded int
	client, w := setup(t, func(c *pusher.Config) {
		c.JSONMarshal = func(any) ([]byte, error) { return []byte(`{"by":"codec"}`), nil }
		c.JSONUnmarshal = func(data []byte, v any) error { decoded++; return json.Unmarshal(data, v) }
	})
	w.body = `{"channels":{"a":{"subscription_count":7}}}`
	result, err := client.Trigger(t.Context(), "a", "e", 1, pusher.WithInfo(pusher.SubscriptionCount))
	require.NoError(t, err)
	require.Equal(t, 7, *result.Channels["a"].SubscriptionCount)
	require.NotZero(t, decoded)
	require.JSONEq(t, `{"name":"e","channels":["a"],"data":"{\"by\":\"codec\"}","info":"subscription_count"}`, string(w.last(t).call.Body))

	broken := errors.New("broken codec")
	client, _ = setup(t, func(c *pusher.Config) {
		c.JSONMarshal = func(any) ([]byte, error) { return nil, broken }
	})
	_, err = client.Trigger(t.Context(), "a", "e", 1)
	require.ErrorIs(t, err, broken)
	requireInvalid(t, err, "data")
	require.NoError(t, one(t, client), "strings do not pass through it")
}

func TestConfig_timeout(t *testing.T) {
	t.Parallel()
	for given, want := range map[time.Duration]time.Duration{0: 5 * time.Second, -1: 0, time.Second: time.Second} {
		client, _ := setup(t, func(c *pusher.Config) { c.Timeout = given })
		require.Equal(t, want, client.Request(backend.Call{}).Timeout())
	}
}

func TestConfig_clockGoesIntoEverySignature(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	client, _ := setup(t, func(c *pusher.Config) { c.Now = func() time.Time { return now } })
	req := client.Request(backend.Call{Method: "GET", Path: "/apps/1001/channels"})
	first := req.URL()
	now = now.Add(700 * time.Second)
	second := req.URL()
	require.NotEqual(t, first, second)
	require.Contains(t, second, "auth_timestamp=1700000700")
}

func TestConfig_loggerSaysOneLineACall(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	client, w := setup(t, func(c *pusher.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	require.NoError(t, one(t, client))
	w.status, w.body = 400, "no"
	require.Error(t, one(t, client))
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 2)
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &line))
	require.Equal(t, "trigger", line["op"])
	require.EqualValues(t, 200, line["status"])
	require.EqualValues(t, 2, line["received_bytes"])
	require.EqualValues(t, len(w.sent[0].call.Body), line["sent_bytes"])
	require.Contains(t, line, "duration")
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &line))
	require.Equal(t, "rejected", line["outcome"])
	require.NotContains(t, log.String(), "auth_")

	client, _ = setup(t, func(c *pusher.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	log.Reset()
	require.NoError(t, one(t, client))
	require.Empty(t, log.String(), "at info level it says nothing")
}

func TestClient_storedCallIsSignedAnew(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	_, err := client.Channels(t.Context(), pusher.ChannelsQuery{Prefix: "a"})
	require.NoError(t, err)
	stored, err := json.Marshal(w.last(t).call)
	require.NoError(t, err)
	require.NotContains(t, string(stored), "auth_")
	var call backend.Call
	require.NoError(t, json.Unmarshal(stored, &call))
	require.Equal(t, w.last(t).url, client.Request(call).URL())
}
