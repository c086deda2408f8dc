package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func (v *visitor) say(t *testing.T, room, text, socketID string) (status int, said message, complaint string) {
	t.Helper()
	request, err := json.Marshal(post{Room: room, Text: text, SocketID: socketID})
	require.NoError(t, err)
	status, body := v.post(t, "/messages", "application/json", string(request))
	var answer struct {
		message

		Error string `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	return status, answer.message, answer.Error
}

func TestMessagesReachTheRoom(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ada, grace := s.enter(t, "ada"), s.enter(t, "grace")
	var names []string
	for _, room := range rooms {
		names = append(names, room.Channel)
	}
	sender, receiver := ada.connect(t, names...), grace.connect(t, names...)
	for _, room := range rooms {
		status, said, _ := ada.say(t, room.ID, " żółw 🐢\r\n<b>&amp; ", sender.SocketID())
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "żółw 🐢\n<b>&amp;", said.Text)
		require.Equal(t, "ada", said.From)
		got := receiver.next(t, "message")
		require.Equal(t, room.Channel, got.Channel)
		var m message
		require.NoError(t, json.Unmarshal([]byte(got.Data), &m))
		require.Equal(t, said, m)

		sent := s.srv.Events()
		last := sent[len(sent)-1]
		require.Equal(t, room.encrypted(), strings.HasPrefix(last.Data, `{"nonce":`))
		require.Equal(t, room.encrypted(), !strings.Contains(last.Data, "żółw"))
		require.Equal(t, sender.SocketID(), last.SocketID)
	}
	sender.quiet(t, "message", "marker", func() {
		_, err := newClient(t, s).Trigger(deadline(t), "presence-lobby", "marker", "")
		require.NoError(t, err)
	})
}

func newClient(t *testing.T, s *site) *pusher.Client {
	t.Helper()
	client, err := pusher.New(s.srv.Config())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestMessagesAreChecked(t *testing.T) {
	t.Parallel()
	s := setup(t)
	visitors := map[string]*visitor{"": s.visit(t), "mallory": s.enter(t, "mallory"), "alan": s.enter(t, "alan"), "ada": s.enter(t, "ada")}
	tests := map[string]struct {
		user, room, text, socketID string
		status                     int
	}{
		"no login":           {"", "lobby", "hello", "", 401},
		"no such room":       {"ada", "attic", "hello", "", 404},
		"a channel":          {"ada", "private-team", "hello", "", 404},
		"not on the team":    {"mallory", "team", "hello", "", 403},
		"no key":             {"alan", "vault", "hello", "", 403},
		"empty":              {"ada", "lobby", "", "", 400},
		"blank":              {"ada", "lobby", " \r\n\t ", "", 400},
		"too long":           {"ada", "lobby", strings.Repeat("ż", maxText+1), "", 400},
		"far too long":       {"ada", "lobby", strings.Repeat("ż", maxPost), "", 413},
		"escape sequence":    {"ada", "lobby", "\x1b[2J", "", 400},
		"C1 control":         {"ada", "lobby", "a\u009bb", "", 400},
		"bad socket id":      {"ada", "lobby", "hello", "1", 400},
		"socket id, forging": {"ada", "lobby", "hello", "1.2:private-team", 400},
	}
	for name, test := range tests {
		status, _, complaint := visitors[test.user].say(t, test.room, test.text, test.socketID)
		require.Equal(t, test.status, status, name)
		require.NotEmpty(t, complaint, name)
	}
	for name, body := range map[string]string{
		"no JSON": "hello", "no object": `["hello"]`, "no string": `{"room":"lobby","text":1}`,
		"no UTF-8": "{\"room\":\"lobby\",\"text\":\"\xff\"}", "two": `{"room":"lobby","text":"a"}{}`,
	} {
		status, _ := visitors["ada"].post(t, "/messages", "application/json", body)
		require.Equal(t, http.StatusBadRequest, status, name)
	}
	require.Empty(t, s.srv.Requests(), "nothing was sent")
}

// TestLongestMessageFits into an event, also encrypted, whatever its characters cost.
func TestLongestMessageFits(t *testing.T) {
	t.Parallel()
	v := setup(t).enter(t, "ada")
	for _, character := range []string{"a", "ż", "🐢", `"`, "\u2028"} {
		for _, room := range rooms {
			status, _, complaint := v.say(t, room.ID, "x"+strings.Repeat(character, maxText-2)+"x", "")
			require.Equal(t, http.StatusOK, status, "%q in %s: %s", character, room.ID, complaint)
		}
	}
}

func TestFailureSaysWhatBecameOfTheMessage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fail   func(*pushertest.Server)
		status int
		says   string
	}{
		"not sent": {(*pushertest.Server).RefuseConnections, http.StatusBadGateway, "was not sent"},
		"rejected": {func(s *pushertest.Server) { s.Inject(pushertest.Fault{Status: 503}) }, http.StatusBadGateway, "was not sent"},
		"unknown": {
			func(s *pushertest.Server) { s.Inject(pushertest.Fault{Reset: true, AfterAccepting: true}) },
			http.StatusGatewayTimeout, "may have been sent",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := setup(t).enter(t, "ada")
			test.fail(v.srv)
			status, _, complaint := v.say(t, "lobby", "hello", "")
			require.Equal(t, test.status, status)
			require.Contains(t, complaint, test.says)
		})
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ada, grace, mallory := s.enter(t, "ada"), s.enter(t, "grace"), s.enter(t, "mallory")
	told, refused := grace.connect(t), mallory.connect(t, "presence-lobby")
	status, _, _ := ada.say(t, "vault", "@grace, @Grace: not for @mallory or @ada", "")
	require.Equal(t, http.StatusOK, status)
	got := told.next(t, "mention")
	require.Equal(t, pusher.UserChannel("grace"), got.Channel)
	require.JSONEq(t, `{"room":"vault","from":"ada"}`, got.Data)
	refused.quiet(t, "mention", "message", func() { ada.say(t, "lobby", "hello", "") })
	require.Len(t, s.srv.Events(), 3, "two messages and one mention")

	s.srv.Forget()
	ada.say(t, "lobby", "@a @b @c @d @e @f @g", "")
	require.Len(t, s.srv.Events(), 1+maxMentions)
}

// TestMentionThatFails does not make the message fail.
func TestMentionThatFails(t *testing.T) {
	t.Parallel()
	v := setup(t).enter(t, "ada")
	v.srv.Inject(pushertest.Fault{Skip: 1, Status: 500})
	status, _, _ := v.say(t, "lobby", "hello @grace", "")
	require.Equal(t, http.StatusOK, status)
	require.Len(t, v.srv.Requests(), 2)
}
