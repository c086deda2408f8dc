package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// served is a running "pusher serve".
type served struct {
	announcement

	interrupt context.CancelFunc
	// done yields the exit code, after which stderr is complete.
	done   chan int
	stderr *strings.Builder
}

// serve runs "pusher serve" until the test ends.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	s := &served{interrupt: interrupt, done: make(chan int, 1), stderr: &strings.Builder{}}
	args = append([]string{"pusher", "serve", "--port", "0", "--json"}, args...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		code := run(ctx, args, strings.NewReader(""), writer, s.stderr, env{"PUSHER_URL": "ignored"}.lookup)
		_ = writer.Close()
		s.done <- code
	}()
	t.Cleanup(func() {
		interrupt()
		<-ended
	})
	require.NoError(t, json.NewDecoder(reader).Decode(&s.announcement))
	return s
}

func TestServe(t *testing.T) {
	t.Parallel()
	s := serve(t)
	assert.Equal(t, pushertest.DefaultAppID, s.AppID)
	assert.Equal(t, pushertest.DefaultKey, s.Key)
	assert.True(t, strings.HasPrefix(s.URL, "http://127.0.0.1:"), s.URL)

	subscriber, err := pushertest.Dial(t.Context(), s.WebSocketURL+"?protocol=7")
	require.NoError(t, err)
	t.Cleanup(subscriber.Close)
	require.NoError(t, subscriber.Subscribe(t.Context(), "my-channel"))
	succeed(t, env{"PUSHER_URL": s.PusherURL}, "trigger", "my-channel", "my-event", `{"hello":"world"}`)
	message, err := subscriber.Next(bounded(t))
	require.NoError(t, err)
	assert.Equal(t, pushertest.Message{Event: "my-event", Channel: "my-channel", Data: `{"hello":"world"}`}, message)

	s.interrupt()
	assert.Equal(t, exitOK, <-s.done)
	assert.Empty(t, s.stderr.String())
	_, err = subscriber.Next(bounded(t))
	require.Error(t, err)
	assert.NotErrorIs(t, err, context.DeadlineExceeded, "the connection was closed")
}

func TestServeWithASecretOfOnesOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, "--app-id", "7", "--key", "app-key", "--secret", testSecret)
	assert.Empty(t, s.PusherURL)
	assert.Equal(t, "No channel is occupied.\n", succeed(t, env{"PUSHER_URL": urlOf(t, s.URL, "/apps/7")}, "channels"))
	r := execute(t, env{"PUSHER_URL": strings.Replace(urlOf(t, s.URL, "/apps/7"), testSecret, "other", 1)}, "", "channels")
	assert.Equal(t, exitRefused, r.code)
	s.interrupt()
	assert.Equal(t, exitOK, <-s.done)
	assert.Empty(t, s.stderr.String())
}

func TestServeAnswersWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := serve(t)
	assert.Equal(t, http.StatusNotFound, s.get(t, "/nothing").StatusCode)
}

// get returns an answer, whose body ends with the test.
func (s *served) get(t *testing.T, path string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestServeConsole(t *testing.T) {
	t.Parallel()
	s := serve(t)
	assert.Equal(t, s.URL+"/", s.ConsoleURL)
	assert.Equal(t, http.StatusOK, s.get(t, "/").StatusCode)
	stream := s.get(t, "/console/stream")
	assert.Equal(t, http.StatusOK, stream.StatusCode)
	s.interrupt()
	assert.Equal(t, exitOK, <-s.done)
	assert.Empty(t, s.stderr.String())
	_, err := io.Copy(io.Discard, stream.Body)
	require.NoError(t, err, "the stream was ended, not broken off")
}

func TestServeWithoutConsole(t *testing.T) {
	t.Parallel()
	s := serve(t, "--no-console")
	assert.Empty(t, s.ConsoleURL)
	for _, path := range []string{"/", "/console/state", "/console/stream"} {
		assert.Equal(t, http.StatusNotFound, s.get(t, path).StatusCode, path)
	}
}

func TestServeAsAnotherServer(t *testing.T) {
	t.Parallel()
	webhooks := make(chan pusher.Webhook, 8)
	app := pusher.Config{AppID: pushertest.DefaultAppID, Key: pushertest.DefaultKey, Secret: pushertest.DefaultSecret}
	client, err := pusher.New(app)
	require.NoError(t, err)
	receiver := httptest.NewServer(client.WebhookHandler(func(_ context.Context, webhook pusher.Webhook) error {
		webhooks <- webhook
		return nil
	}))
	t.Cleanup(receiver.Close)
	s := serve(t, "--flavor", "soketi", "--rate-limit", "1", "--subscription-counts",
		"--webhook-url", receiver.URL, "--webhook-delay", "0s")

	subscriber, err := pushertest.Dial(t.Context(), s.WebSocketURL+"?protocol=7")
	require.NoError(t, err)
	require.NoError(t, subscriber.Subscribe(t.Context(), "my-channel"))
	subscriber.Close()
	var names []string
	for len(names) < 2 {
		select {
		case webhook := <-webhooks:
			for _, event := range webhook.Events {
				if event.Name == "channel_occupied" || event.Name == "channel_vacated" {
					names = append(names, event.Name)
				}
			}
		case <-bounded(t).Done():
			require.FailNow(t, "no webhook", "but %v", names)
		}
	}
	assert.Equal(t, []string{"channel_occupied", "channel_vacated"}, names)

	refused := func() bool {
		r := execute(t, env{"PUSHER_URL": s.PusherURL}, "", "channels")
		return r.code == exitRefused && strings.Contains(r.stderr, "429")
	}
	for calls := 1; !refused(); calls++ {
		require.Less(t, calls, 1000, "no rate limit")
	}
	assert.Equal(t, http.StatusOK, s.get(t, "/apps/"+s.AppID+"/channels").StatusCode, "soketi refuses with a 200")
}

// announced returns what is printed for a server at the address.
func announced(t *testing.T, address string, cfg pushertest.ServerConfig, withConsole bool) (stdout, stderr string) {
	t.Helper()
	tcp, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	var out, notice strings.Builder
	a := &app{stdout: &out, stderr: &notice}
	probe := a.command(command{name: "probe", run: func(_ context.Context, in *invocation) error { return in.announce(tcp, cfg, withConsole) }})
	require.NoError(t, probe.Run(t.Context(), []string{"probe"}))
	return out.String(), notice.String()
}

func TestAnnouncement(t *testing.T) {
	t.Parallel()
	app := pushertest.ServerConfig{AppID: pushertest.DefaultAppID, Key: pushertest.DefaultKey, Secret: pushertest.DefaultSecret}
	const pusherURL = "http://pushertest-key:pushertest-secret@127.0.0.1:8090/apps/1001"
	stdout, stderr := announced(t, "127.0.0.1:8090", app, true)
	assert.Equal(t, `A Channels server runs at http://127.0.0.1:8090 until it is interrupted (Ctrl-C).
Its console: http://127.0.0.1:8090/

PUSHER_URL=`+pusherURL+`

In a shell:
  export PUSHER_URL='`+pusherURL+`'
  pusher trigger my-channel my-event '{"hello":"world"}'

In Go:
  client, err := pusher.FromURL("`+pusherURL+`")
  _, err = client.Trigger(ctx, "my-channel", "my-event", map[string]string{"hello": "world"})

In a page or in Node, with pusher-js:
  const pusher = new Pusher("pushertest-key", {
    cluster: "local", wsHost: "127.0.0.1", wsPort: 8090, forceTLS: false, enabledTransports: ["ws"],
  });
  pusher.subscribe("my-channel").bind("my-event", (data) => console.log(data));
`, stdout)
	assert.Empty(t, stderr)
	_, err := pusher.ConfigFromURL(pusherURL)
	require.NoError(t, err)
}

func TestAnnouncementOfAnOpenServer(t *testing.T) {
	t.Parallel()
	app := pushertest.ServerConfig{AppID: "7", Key: "app-key", Secret: testSecret}
	for address, want := range map[string]string{
		"0.0.0.0:8090":   "http://127.0.0.1:8090",
		"192.0.2.1:8090": "http://192.0.2.1:8090",
	} {
		const warning = ": whoever has key and secret can use it, and nothing is encrypted.\n"
		_, stderr := announced(t, address, app, false)
		assert.Equal(t, "Other machines can reach this server, at "+address+warning, stderr)
		stdout, stderr := announced(t, address, app, true)
		assert.Equal(t, "Other machines can reach this server, at "+address+warning+
			"They can also open its console, which shows everything and asks for no password. --no-console leaves it out.\n", stderr)
		assert.Contains(t, stdout, "A Channels server runs at "+want+" until")
		assert.Contains(t, stdout, "PUSHER_URL=http://app-key:SECRET@")
		assert.Contains(t, stdout, "Write the secret that you gave where SECRET stands.\n")
		assert.NotContains(t, stdout+stderr, testSecret)
	}
	stdout, stderr := announced(t, "[::1]:8090", app, false)
	assert.Contains(t, stdout, "A Channels server runs at http://[::1]:8090 until")
	assert.NotContains(t, stdout, "Its console")
	assert.Contains(t, stdout, `wsHost: "[::1]"`)
	assert.Empty(t, stderr)
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	address, ok := taken.Addr().(*net.TCPAddr)
	require.True(t, ok)
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"a port in use", "address already in use\nChoose another address with --host or --port; --port 0 takes any that is free.\n", []string{"--port", strconv.Itoa(address.Port)}},
		{"a port that is none", "invalid Config.Port", []string{"--port", "70000"}},
		{"a bad app id", "invalid Config.AppID", []string{"--app-id", "a b"}},
		{"a bad key", "invalid Config.Key", []string{"--key", "a b"}},
		{"a bad secret", "invalid Config.Secret", []string{"--secret", testSecret + " "}},
		{"an unknown flavor", "--flavor must be one of hosted, soketi, reverb,", []string{"--flavor", "vanilla"}},
		{"a negative rate", "--rate-limit and --webhook-delay must not be negative", []string{"--rate-limit", "-1"}},
		{"a negative delay", "--rate-limit and --webhook-delay must not be negative", []string{"--webhook-delay", "-1s"}},
		{"a webhook URL that is none", "--webhook-url must be an absolute http or https URL", []string{"--webhook-url", "localhost:3000"}},
		{"no secret", "--app-id, --key and --secret must not be empty", []string{"--secret", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := execute(t, nil, "", append([]string{"serve"}, test.args...)...)
			assert.Equal(t, exitUsage, r.code)
			assert.Empty(t, r.stdout)
			assert.Contains(t, r.stderr, test.want)
		})
	}
}
