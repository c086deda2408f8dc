package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestTriggerPrintsOutcomes(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.subscribe(t, "ada", "presence-room", "news")
	for _, test := range []struct {
		name, text, json string
		args             []string
	}{
		{
			name: "one channel",
			args: []string{"my-channel", "my-event", `{"hello":"world"}`},
			text: "CHANNEL     EVENT     OUTCOME\nmy-channel  my-event  accepted\n",
			json: `{"events":[{"channel":"my-channel","event":"my-event","outcome":"accepted"}]}` + "\n",
		},
		{
			name: "channels in a list",
			args: []string{"a,bb", "e", "1"},
			text: "CHANNEL  EVENT  OUTCOME\na        e      accepted\nbb       e      accepted\n",
			json: `{"events":[{"channel":"a","event":"e","outcome":"accepted"},{"channel":"bb","event":"e","outcome":"accepted"}]}` + "\n",
		},
		{
			name: "channels by flag, a comma in a name",
			args: []string{"--channel", "a,b", "e", "1", "--channel=private-encrypted-c"},
			text: "CHANNEL              EVENT  OUTCOME\na,b                  e      accepted\nprivate-encrypted-c  e      accepted\n",
			json: `{"events":[{"channel":"a,b","event":"e","outcome":"accepted"},{"channel":"private-encrypted-c","event":"e","outcome":"accepted"}]}` + "\n",
		},
		{
			name: "a user",
			args: []string{"--user", "ada", "e", "1"},
			text: "CHANNEL              EVENT  OUTCOME\n#server-to-user-ada  e      accepted\n",
			json: `{"events":[{"channel":"#server-to-user-ada","event":"e","outcome":"accepted"}]}` + "\n",
		},
		{
			name: "counts",
			args: []string{"--info", "user_count,subscription_count", "presence-room", "e", "1"},
			text: "CHANNEL        EVENT  OUTCOME   USER_COUNT  SUBSCRIPTION_COUNT\npresence-room  e      accepted  1           1\n",
			json: `{"events":[{"channel":"presence-room","event":"e","outcome":"accepted","user_count":1,"subscription_count":1}]}` + "\n",
		},
		{
			name: "an idempotency key and no limits",
			args: []string{"--idempotency-key", "k-1", "--no-limits", "my-channel", "e", "-5"},
			text: "CHANNEL     EVENT  OUTCOME\nmy-channel  e      accepted\n",
			json: `{"events":[{"channel":"my-channel","event":"e","outcome":"accepted"}]}` + "\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.text, succeed(t, srv.env, append([]string{"trigger"}, test.args...)...))
			assert.Equal(t, test.json, succeed(t, srv.env, append([]string{"trigger", "--json"}, test.args...)...))
		})
	}
}

func TestTriggerSendsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, stdin string
		args        []string
		want        pushertest.Event
	}{
		{"an argument byte for byte", "", []string{"c", "e", " {\"a\": \"ö\"}\n"}, pushertest.Event{Channel: "c", Name: "e", Data: " {\"a\": \"ö\"}\n"}},
		{"standard input without its last newline", "line 1\nline 2\n", []string{"c", "e", "-"}, pushertest.Event{Channel: "c", Name: "e", Data: "line 1\nline 2"}},
		{"standard input from elsewhere", "text\r\n", []string{"c", "e", "-"}, pushertest.Event{Channel: "c", Name: "e", Data: "text"}},
		{"what looks like a flag", "", []string{"c", "e", "--", "--json"}, pushertest.Event{Channel: "c", Name: "e", Data: "--json"}},
		{"an excluded connection", "", []string{"--socket-id", "1.2", "c", "e", "1"}, pushertest.Event{Channel: "c", Name: "e", Data: "1", SocketID: "1.2"}},
		{"an idempotency key", "", []string{"--idempotency-key", "k", "c", "e", "1"}, pushertest.Event{Channel: "c", Name: "e", Data: "1", IdempotencyKey: "k"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			r := execute(t, srv.env, test.stdin, append([]string{"trigger"}, test.args...)...)
			require.Equal(t, exitOK, r.code, r.stderr)
			assert.Equal(t, []pushertest.Event{test.want}, srv.Events())
		})
	}
}

func TestTriggerEncrypts(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	subscriber := srv.subscribe(t, "", "private-encrypted-vault")
	succeed(t, srv.env, "trigger", "private-encrypted-vault", "e", `"hush"`)
	message, err := subscriber.Next(bounded(t))
	require.NoError(t, err)
	assert.Equal(t, `"hush"`, message.Data)
	assert.NotContains(t, srv.Events()[0].Data, "hush")
}

func TestTriggerTellsWhichChannelsFailed(t *testing.T) {
	t.Parallel()
	env := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/batch_events") {
			http.Error(w, "no room", http.StatusForbidden)
			return
		}
		fmt.Fprint(w, "{}")
	})
	env["PUSHER_ENCRYPTION_MASTER_KEY_BASE64"] = testMasterKey
	r := execute(t, env, "", "trigger", "--json", "a,private-encrypted-b", "e", "1")
	assert.Equal(t, exitRefused, r.code)
	assert.Equal(t, `{"events":[{"channel":"a","event":"e","outcome":"accepted"},`+
		`{"channel":"private-encrypted-b","event":"e","outcome":"rejected","error":"broadcast: 403 Forbidden: no room"}]}`+"\n", r.stdout)
	assert.Equal(t, "pusher: broadcast: failed on 1 of 2 channels, first private-encrypted-b: broadcast: 403 Forbidden: no room\n"+
		"Check on the app's page that it is enabled and within its quota.\n", r.stderr)
}

// batchOf returns a batch file's text with n events, and a blank line at its head.
func batchOf(n int) string {
	var b strings.Builder
	b.WriteString("\n")
	for i := range n {
		fmt.Fprintf(&b, `{"channel":"c","name":"e","data":{"n":%d}}`+"\n", i)
	}
	return b.String()
}

func TestBatch(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.subscribe(t, "ada", "presence-room")
	file := filepath.Join(t.TempDir(), "events.jsonl")
	content := `{"channel":"a","name":"text","data":"as it is","socket_id":"1.2","idempotency_key":"k"}` + "\r\n" +
		`{"channel":"presence-room","name":"json","data":{"b": [1, 2]},"info":"user_count"}`
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))

	assert.Equal(t, "CHANNEL        EVENT  OUTCOME   USER_COUNT\na              text   accepted  -\npresence-room  json   accepted  1\n",
		succeed(t, srv.env, "trigger", "--batch", file))
	assert.Equal(t, []pushertest.Event{
		{Channel: "a", Name: "text", Data: "as it is", SocketID: "1.2", IdempotencyKey: "k"},
		{Channel: "presence-room", Name: "json", Data: `{"b": [1, 2]}`},
	}, srv.Events())
	assert.Equal(t, `{"events":[{"channel":"a","event":"text","outcome":"accepted"},`+
		`{"channel":"presence-room","event":"json","outcome":"accepted","user_count":1}]}`+"\n",
		succeed(t, srv.env, "trigger", "--json", "--batch", file))
}

func TestBatchIsCutIntoCalls(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	r := execute(t, srv.env, batchOf(23), "trigger", "--batch", "-")
	require.Equal(t, exitOK, r.code, r.stderr)
	events := srv.Events()
	require.Len(t, events, 23)
	for i, event := range events {
		assert.Equal(t, fmt.Sprintf(`{"n":%d}`, i), event.Data)
	}
}

func TestBatchStopsAtACallThatFails(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	env := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 2 {
			http.Error(w, "too fast", http.StatusTooManyRequests)
			return
		}
		fmt.Fprint(w, "{}")
	})
	r := execute(t, env, batchOf(23), "trigger", "--batch", "-")
	assert.Equal(t, exitRefused, r.code)
	assert.EqualValues(t, 2, calls.Load())
	assert.Equal(t, 10, strings.Count(r.stdout, "accepted"))
	assert.Equal(t, 10, strings.Count(r.stdout, "rejected"))
	assert.Equal(t, 3, strings.Count(r.stdout, "not sent"))
	assert.Equal(t, "pusher: batch lines 12 to 21: trigger_batch: 429 Too Many Requests: too fast\nWait, then try again.\n", r.stderr)
}

func TestBatchIsCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, line, want string }{
		{"no JSON", `oops`, "batch line 12: want"},
		{"an unknown field", `{"channel":"c","event":"e","data":1}`, `unknown field "event"`},
		{"two objects", `{"channel":"c","name":"e","data":1} {}`, "one JSON object a line"},
		{"no data", `{"channel":"c","name":"e"}`, `"data" is missing`},
		{"a bad channel", `{"channel":"c c","name":"e","data":1}`, `batch line 12: invalid channel: "c c" has characters`},
		{"a bad attribute", `{"channel":"c","name":"e","data":1,"info":"user count"}`, "batch line 12: invalid info"},
		{"too much data", `{"channel":"c","name":"e","data":"` + strings.Repeat("x", 10_241) + `"}`, "--no-limits"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			r := execute(t, srv.env, batchOf(10)+test.line+"\n", "trigger", "--batch", "-")
			assert.Equal(t, exitUsage, r.code)
			assert.Empty(t, r.stdout)
			assert.Contains(t, r.stderr, test.want)
			assert.Empty(t, srv.Events())
		})
	}
}
