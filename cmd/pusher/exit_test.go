package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		code    int
		want    string
	}{
		{"400", answer(400, "no"), exitRefused, "pusher: trigger: 400 Bad Request: no\n"},
		{"401", answer(401, "who"), exitRefused, "pusher: trigger: 401 Unauthorized: who\nCheck app id, key and secret, and that cluster or host are this app's.\n"},
		{"403", answer(403, "no"), exitRefused, "pusher: trigger: 403 Forbidden: no\nCheck on the app's page that it is enabled and within its quota.\n"},
		{"404", answer(404, "where"), exitRefused, "pusher: trigger: 404 Not Found: where\nCheck the app id and the path prefix. Some servers say this of a channel that nobody is on.\n"},
		{"413", answer(413, "big"), exitRefused, "pusher: trigger: 413 Request Entity Too Large: big\nSend less data, or raise the server's limit.\n"},
		{"429", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			http.Error(w, "fast", http.StatusTooManyRequests)
		}, exitRefused, "pusher: trigger: 429 Too Many Requests: fast (retry after 7s)\nWait, then try again.\n"},
		{"500", answer(500, "oops"), exitRefused, "pusher: trigger: 500 Internal Server Error: oops\nThe server failed. An event that is sent again may arrive twice.\n"},
		{"an error that says 200", answer(200, `{"error":"no","code":401}`), exitRefused, "pusher: trigger: 401 Unauthorized: no\nCheck app id, key and secret, and that cluster or host are this app's.\n"},
		{"an answer that is no JSON", answer(200, "fine"), exitResultLost, "pusher: trigger: accepted with 200, but the answer could not be read: invalid character 'i' in literal false (expecting 'a')\n" +
			"The server accepted it: do not send an event again, it would arrive twice.\n"},
		{"a connection that breaks", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exitNoAnswer, "pusher: trigger: no answer: EOF\n" +
			"The server may have carried it out: an event that is sent again may arrive twice.\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := execute(t, scripted(t, test.handler), "", "trigger", "c", "e", "1")
			assert.Equal(t, result{test.code, "", test.want}, r)
		})
	}
}

func TestWrongSecret(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	r := execute(t, srv.env, "", "channels", "--secret", "wrong-"+testSecret)
	assert.Equal(t, exitRefused, r.code)
	assert.Contains(t, r.stderr, "pusher: channels: 401 Unauthorized: auth_signature is wrong")
}

func TestEveryCommandFailsWithoutAServer(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e := env{"PUSHER_URL": urlOf(t, "http://"+listener.Addr().String(), "/apps/7")}
	require.NoError(t, listener.Close())
	for _, args := range [][]string{
		{"trigger", "c", "e", "1"},
		{"trigger", "--user", "ada", "e", "1"},
		{"channels"},
		{"channel", "c"},
		{"users", "presence-c"},
		{"terminate", "ada"},
	} {
		r := execute(t, e, "", args...)
		assert.Equal(t, exitNoAnswer, r.code, args)
		assert.Empty(t, r.stdout)
		assert.Contains(t, r.stderr, "not sent")
		assert.Contains(t, r.stderr, "Nothing was sent, so it is safe to try again.")
	}
	for _, args := range [][]string{{"trigger", "a,b", "e", "1"}, {"trigger", "--batch", "-"}} {
		r := execute(t, e, `{"channel":"c","name":"e","data":1}`, args...)
		assert.Equal(t, exitNoAnswer, r.code, args)
		assert.Contains(t, r.stdout, "not sent")
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	e := scripted(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	r := execute(t, e, "", "trigger", "--timeout", "50ms", "c", "e", "1")
	assert.Equal(t, exitNoAnswer, r.code)
	assert.Contains(t, r.stderr, "deadline exceeded")
	assert.Contains(t, r.stderr, "may have carried it out")
}

func TestInterrupts(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	e := scripted(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		interrupt()
		<-r.Context().Done()
	})
	r := executeIn(ctx, t, e, "", "trigger", "c", "e", "1")
	assert.Equal(t, exitInterrupted, r.code)
	assert.Contains(t, r.stderr, "may have carried it out")

	r = executeIn(ctx, t, e, "", "trigger", "a,b", "e", "1")
	assert.Equal(t, exitInterrupted, r.code)
}

func TestInterruptWhileReading(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	stdin, writer := io.Pipe()
	t.Cleanup(func() { _ = writer.Close() })
	var stderr strings.Builder
	code := run(ctx, []string{"pusher", "trigger", "c", "e", "-"}, stdin, io.Discard, &stderr, srv.env.lookup)
	assert.Equal(t, exitInterrupted, code)
	assert.Equal(t, "pusher: interrupted while reading; nothing was sent\n", stderr.String())
	assert.Empty(t, srv.Events())
}

func TestUnreadableInput(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, test := range []struct {
		name  string
		stdin io.Reader
		want  string
	}{
		{"an error", io.MultiReader(strings.NewReader("x"), failing{}), "pusher: read standard input: broken\n"},
		{"too much", io.LimitReader(zeros{}, maxInput+1), "pusher: read standard input: more than 16 MiB\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			code := run(t.Context(), []string{"pusher", "trigger", "c", "e", "-"}, test.stdin, io.Discard, &stderr, srv.env.lookup)
			assert.Equal(t, exitUsage, code)
			assert.Contains(t, stderr.String(), test.want)
		})
	}
}

func TestUnwritableOutput(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, args := range [][]string{
		{"pusher", "trigger", "c", "e", "1"},
		{"pusher", "trigger", "a,b", "e", "1"},
		{"pusher", "channels", "--json"},
		{"pusher", "serve", "--port", "0"},
	} {
		var stderr strings.Builder
		code := run(t.Context(), args, strings.NewReader(""), failing{}, &stderr, srv.env.lookup)
		assert.Equal(t, exitResultLost, code, args)
		assert.Equal(t, "pusher: write the result: broken\n", stderr.String())
	}
}

// failing can be neither read nor written.
type failing struct{}

func (failing) Read([]byte) (int, error)  { return 0, errors.New("broken") }
func (failing) Write([]byte) (int, error) { return 0, errors.New("broken") }

// zeros is an endless input.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	secretURL := srv.env["PUSHER_URL"]
	for _, test := range []struct {
		want string
		args []string
	}{
		{"pusher: unknown command chanels\n", []string{"chanels"}},
		{"pusher: unknown command\n", []string{secretURL, "channels"}},
		{"pusher: unknown command sign\n", []string{"webhook", "sign"}},
		{"pusher: unknown command\n", []string{"help", secretURL}},
		{"pusher: unknown command chanels\n", []string{"help", "chanels", "x"}},
		{"pusher: unknown command\n", []string{"chanels", "--help"}},
		{"pusher: unknown flag --secrt\n", []string{"channels", "--secrt", testSecret}},
		{"pusher: unknown flag --secrt\n", []string{"channels", "--secrt=" + testSecret}},
		{"pusher: unknown flag\n", []string{"channels", "--" + testSecret}},
		{"pusher: unknown flag --json\n", []string{"--json", "channels"}},
		{"pusher: flag needs a value: --secret\n", []string{"channels", "--secret"}},
		{"pusher: the value of --port is not of its kind\n", []string{"channels", "--port", `"` + testSecret}},
		{"pusher: the value of --timeout is not of its kind\n", []string{"channels", "--timeout", secretURL}},
		{"pusher: the value of --json is not of its kind\n", []string{"channels", "--json=" + testSecret}},
		{"pusher: too many arguments: want none\n", []string{"channels", secretURL}},
		{"pusher: too few arguments: want CHANNEL\n", []string{"channel"}},
		{"pusher: too many arguments: want CHANNEL\n", []string{"users", "presence-a", secretURL}},
		{"pusher: too few arguments: want SOCKET_ID CHANNEL\n", []string{"authorize", "1.2"}},
		{"pusher: want CHANNEL EVENT DATA, got 2 arguments\n", []string{"trigger", "c", "e"}},
		{"pusher: with --channel or --user want EVENT DATA, got 3 arguments\n", []string{"trigger", "--user", "ada", "c", "e", "1"}},
		{"pusher: --channel and --user exclude each other\n", []string{"trigger", "--user", "ada", "--channel", "c", "e", "1"}},
		{"pusher: too many arguments: want [CHANNEL] [EVENT] [DATA]\n", []string{"trigger", "a", "b", "e", "1"}},
		{"pusher: with --batch the file names", []string{"trigger", "--batch", "-", "c"}},
		{"pusher: with --batch each line has its own idempotency_key\n", []string{"trigger", "--batch", "-", "--idempotency-key", "k"}},
		{"pusher: the batch has no events\n", []string{"trigger", "--batch", "-"}},
		{"pusher: open no-such-file: ", []string{"trigger", "--batch", "no-such-file"}},
		{"pusher: invalid channel: \"a b\" has characters", []string{"trigger", "a b", "e", "1"}},
		{"pusher: invalid user_id: ", []string{"terminate", "a b"}},
		{"pusher: invalid socket_id: ", []string{"trigger", "--socket-id", "x", "c", "e", "1"}},
		{"pusher: invalid info: ", []string{"trigger", "--info", "user count", "c", "e", "1"}},
		{"pusher: invalid channel: \"news\" is not a presence channel", []string{"users", "news"}},
		{"pusher: invalid channel: \"private-encrypted-a\" is encrypted and there is no master key", []string{"trigger", "private-encrypted-a", "e", "1"}},
		{"pusher: invalid data: ", []string{"trigger", "c", "e", strings.Repeat("x", 10_241)}},
	} {
		t.Run(test.want, func(t *testing.T) {
			t.Parallel()
			r := execute(t, env{"PUSHER_URL": secretURL}, "", test.args...)
			assert.Equal(t, exitUsage, r.code)
			assert.Empty(t, r.stdout)
			assert.True(t, strings.HasPrefix(r.stderr, test.want), r.stderr)
			assert.Equal(t, 2, strings.Count(r.stderr, "\n"), "an error and what to do: %s", r.stderr)
			assert.Empty(t, srv.Events())
		})
	}
}
