package pusher_test

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func names(n int) []string {
	channels := make([]string, n)
	for i := range channels {
		channels[i] = "c" + strconv.Itoa(i)
	}
	return channels
}

// Each row is refused with the same field by every call that takes it, and
// nothing is sent.
func TestInput_channels(t *testing.T) {
	t.Parallel()
	for _, channel := range []string{
		"", strings.Repeat("c", 201), "a\n", "\na", "../x", "a/b", "..%2f", "a b", "a?b", "#x", "#server-to-user-", "#server-to-user-a/b",
		"#server-to-user-..", "é", "a\x00", "a:b", "a\r\nHost: x",
	} {
		client, w := setup(t)
		_, err := client.Trigger(t.Context(), channel, "e", "x")
		requireInvalid(t, err, "channel")
		_, err = client.TriggerMulti(t.Context(), []string{"ok", channel}, "e", "x")
		requireInvalid(t, err, "channels[1]")
		_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "ok", Name: "e"}, {Channel: channel, Name: "e"}})
		requireInvalid(t, err, "events[1].channel")
		_, err = client.Broadcast(t.Context(), []string{"ok", channel}, "e", "x")
		requireInvalid(t, err, "channels[1]")
		_, err = client.Channel(t.Context(), channel)
		requireInvalid(t, err, "channel")
		_, err = client.ChannelUsers(t.Context(), channel)
		requireInvalid(t, err, "channel")
		require.Zero(t, w.count())
	}
	client, w := setup(t)
	for _, path := range []string{".", "..", "#server-to-user-1"} {
		_, err := client.Channel(t.Context(), path)
		requireInvalid(t, err, "channel")
	}
	require.Zero(t, w.count())
	for _, channel := range []string{strings.Repeat("c", 200), "a_-=@,.;Z9", "#server-to-user-42"} {
		_, err := client.Trigger(t.Context(), channel, "e", "x")
		require.NoError(t, err)
	}
}

func TestInput_channelCounts(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, channels := range [][]string{nil, {}, names(101)} {
		_, err := client.TriggerMulti(t.Context(), channels, "e", "x")
		requireInvalid(t, err, "channels")
	}
	_, err := client.Broadcast(t.Context(), nil, "e", "x")
	requireInvalid(t, err, "channels")
	_, err = client.TriggerBatch(t.Context(), nil)
	requireInvalid(t, err, "events")
	_, err = client.TriggerBatch(t.Context(), make([]pusher.Event, 11))
	requireInvalid(t, err, "events")
	_, err = client.TriggerMulti(t.Context(), []string{"a", "private-encrypted-b"}, "e", "x")
	requireInvalid(t, err, "channels")
	require.Zero(t, w.count())
	_, err = client.TriggerMulti(t.Context(), names(100), "e", "x")
	require.NoError(t, err)
}

func TestInput_eventNames(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, name := range []string{"", strings.Repeat("e", 201), strings.Repeat("é", 201), "pusher:x", "pusher_internal:x", "a\xff"} {
		_, err := client.Trigger(t.Context(), "a", name, "x")
		requireInvalid(t, err, "event")
		_, err = client.SendToUser(t.Context(), "u", name, "x")
		requireInvalid(t, err, "event")
		_, err = client.Broadcast(t.Context(), []string{"a"}, name, "x")
		requireInvalid(t, err, "event")
		_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: name}})
		requireInvalid(t, err, "events[0].name")
	}
	require.Zero(t, w.count())
	for _, name := range []string{strings.Repeat("é", 200), "client-x", "a \"quoted\"\n", "pusher"} {
		_, err := client.Trigger(t.Context(), "a", name, "x")
		require.NoError(t, err)
		var body struct{ Name string }
		require.NoError(t, json.Unmarshal(w.last(t).call.Body, &body))
		require.Equal(t, name, body.Name)
	}
}

func TestInput_data(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	failing := failingMarshaler{errors.New("no")}
	for name, data := range map[string]any{
		"NaN":                  math.NaN(),
		"channel":              make(chan int),
		"func":                 func() {},
		"invalid string":       "a\xff",
		"invalid bytes":        []byte{0xff},
		"invalid raw":          json.RawMessage("\"\xff\""),
		"invalid nested raw":   map[string]any{"x": json.RawMessage("\"\xff\"")},
		"marshaler that fails": failing,
		"one over":             strings.Repeat("x", 10_241),
		"one over as JSON":     strings.Repeat("é", 5_120) + "x",
	} {
		_, err := client.Trigger(t.Context(), "a", "e", data)
		requireInvalid(t, err, "data")
		_, err = client.Broadcast(t.Context(), []string{"a"}, "e", data)
		requireInvalid(t, err, "data")
		_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e"}, {Channel: "a", Name: "e", Data: data}})
		requireInvalid(t, err, "events[1].data")
		_ = name
	}
	require.Zero(t, w.count())
	_, err := client.Trigger(t.Context(), "a", "e", failing)
	require.ErrorIs(t, err, failing.err)

	// The limit counts bytes of data as sent: not of its JSON string, and not of a
	// language's object (mistake 2).
	for _, data := range []string{strings.Repeat("x", 10_240), strings.Repeat("é", 5_120), strings.Repeat(`"`, 10_240)} {
		_, err := client.Trigger(t.Context(), "a", "e", data)
		require.NoError(t, err)
	}
	const encrypted = "private-encrypted-a"
	_, err = client.Trigger(t.Context(), encrypted, "e", strings.Repeat("x", 7_619))
	require.NoError(t, err, "10,240 bytes after encryption")
	var body struct{ Data string }
	require.NoError(t, json.Unmarshal(w.last(t).call.Body, &body))
	require.Len(t, body.Data, 10_240)
	_, err = client.Trigger(t.Context(), encrypted, "e", strings.Repeat("x", 7_620))
	requireInvalid(t, err, "data")
	require.ErrorIs(t, err, pusher.ErrPayloadTooLarge)
}

type failingMarshaler struct{ err error }

func (f failingMarshaler) MarshalJSON() ([]byte, error) { return nil, f.err }

func TestInput_dataAsItIs(t *testing.T) {
	t.Parallel()
	type payload struct {
		HTML string `json:"html"`
	}
	client, w := setup(t)
	for _, row := range []struct {
		data any
		want string
	}{
		{"plain", "plain"},
		{"", ""},
		{[]byte(`{"a":1}`), `{"a":1}`},
		{json.RawMessage(` {"b": 2} `), ` {"b": 2} `},
		{payload{"<b>&</b>\u2028"}, `{"html":"<b>&</b>\u2028"}`},
		{map[string]any{"b": 1, "a": nil}, `{"a":null,"b":1}`},
		{nil, "null"},
		{42, "42"},
	} {
		_, err := client.Trigger(t.Context(), "a", "e", row.data)
		require.NoError(t, err)
		var body struct{ Data string }
		require.NoError(t, json.Unmarshal(w.last(t).call.Body, &body))
		if p, ok := row.data.(payload); ok {
			require.NotContains(t, body.Data, `\u003c`, "HTML escaping would waste the limit")
			var back payload
			require.NoError(t, json.Unmarshal([]byte(body.Data), &back))
			require.Equal(t, p, back)
			continue
		}
		require.Equal(t, row.want, body.Data)
	}
}

func TestInput_socketIDs(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, id := range []string{"", "1.1\n", "1.1:private-x", "1", ".", "1.", ".1", " 1.1", "1.1.1", "a.b", "-1.1", "１.１", strings.Repeat("1", 200) + ".1"} {
		_, err := client.Trigger(t.Context(), "a", "e", "x", pusher.ExcludeSocket(id))
		requireInvalid(t, err, "socket_id")
		if id != "" {
			_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e", SocketID: id}})
			requireInvalid(t, err, "events[0].socket_id")
		}
	}
	require.Zero(t, w.count())
	_, err := client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e", SocketID: "1.1"}, {Channel: "b", Name: "e"}}, pusher.ExcludeSocket("2.2"), pusher.WithInfo(pusher.UserCount))
	require.NoError(t, err)
	require.JSONEq(t, `{"batch":[{"channel":"a","name":"e","data":"null","socket_id":"1.1","info":"user_count"},
		{"channel":"b","name":"e","data":"null","socket_id":"2.2","info":"user_count"}]}`, string(w.last(t).call.Body))
}

func TestInput_userIDs(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, id := range []string{"", "a/b", "..", ".", "a b", "é", "a\n", "../../../apps/2/events?", strings.Repeat("u", 201)} {
		_, err := client.SendToUser(t.Context(), id, "e", "x")
		requireInvalid(t, err, "user_id")
		requireInvalid(t, client.TerminateUserConnections(t.Context(), id), "user_id")
	}
	require.Zero(t, w.count())
}

func TestInput_attributesAndKeys(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, attribute := range []pusher.Attribute{"", "a,b", "a b", "a&b", "é"} {
		_, err := client.Channels(t.Context(), pusher.ChannelsQuery{Attributes: []pusher.Attribute{attribute}})
		requireInvalid(t, err, "attributes")
		_, err = client.Channel(t.Context(), "a", attribute)
		requireInvalid(t, err, "attributes")
		_, err = client.Trigger(t.Context(), "a", "e", "x", pusher.WithInfo(attribute))
		requireInvalid(t, err, "info")
		_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e", Info: []pusher.Attribute{attribute}}})
		requireInvalid(t, err, "events[0].info")
	}
	for _, key := range []string{"a b", "a\nb", "é", strings.Repeat("k", 256)} {
		_, err := client.Trigger(t.Context(), "a", "e", "x", pusher.WithIdempotencyKey(key))
		requireInvalid(t, err, "idempotency_key")
		_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e", IdempotencyKey: key}})
		requireInvalid(t, err, "events[0].idempotency_key")
	}
	_, err := client.ChannelUsers(t.Context(), "private-a")
	requireInvalid(t, err, "channel")
	require.Zero(t, w.count())
}

func TestInput_encryptedChannelWithoutKey(t *testing.T) {
	t.Parallel()
	client, w := setup(t, func(c *pusher.Config) { c.EncryptionMasterKeyBase64 = "" })
	_, err := client.Trigger(t.Context(), "private-encrypted-a", "e", "x")
	requireInvalid(t, err, "channel")
	require.ErrorContains(t, err, "EncryptionMasterKeyBase64")
	_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "private-encrypted-cache-a", Name: "e", Data: "secret"}})
	requireInvalid(t, err, "events[0].channel")
	_, err = client.Broadcast(t.Context(), []string{"a", "private-encrypted-a"}, "e", "x")
	require.Error(t, err)
	require.Zero(t, w.count())
}

func TestInput_limitsCanBeChanged(t *testing.T) {
	t.Parallel()
	client, _ := setup(t, func(c *pusher.Config) {
		c.Limits = pusher.Limits{DataBytes: 5, Channels: 1, BatchEvents: 1, ChannelName: 2, EventName: 3, RequestBytes: 60}
	})
	for _, row := range []struct {
		channels    []string
		event, data string
		field       string
	}{
		{[]string{"a"}, "eee", "12345", ""},
		{[]string{"a"}, "eee", "123456", "data"},
		{[]string{"abc"}, "eee", "1", "channels"},
		{[]string{"a"}, "eeee", "1", "event"},
		{[]string{"a", "b"}, "e", "1", "channels"},
		{[]string{"ab"}, "\n\n\n", "\x01\x01\x01\x01", "request"},
	} {
		_, err := client.TriggerMulti(t.Context(), row.channels, row.event, row.data)
		if row.field == "" {
			require.NoError(t, err)
			continue
		}
		requireInvalid(t, err, row.field)
	}
	client, w := setup(t, func(c *pusher.Config) {
		c.Limits = pusher.Limits{DataBytes: -1, Channels: -1, BatchEvents: -1, ChannelName: -1, EventName: -1, RequestBytes: -1}
	})
	_, err := client.TriggerMulti(t.Context(), append(names(500), strings.Repeat("c", 500)), strings.Repeat("e", 500), strings.Repeat("x", 50_000))
	require.NoError(t, err)
	_, err = client.TriggerBatch(t.Context(), make50Events())
	require.NoError(t, err)
	require.Equal(t, 2, w.count())
}

func make50Events() []pusher.Event {
	events := make([]pusher.Event, 50)
	for i := range events {
		events[i] = pusher.Event{Channel: "a", Name: "e", Data: i}
	}
	return events
}

func TestInput_rawCalls(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, path := range []string{"", "channels", "/", "//x", "/../2/events", "/a/./b", "/a?b=c", "/a#b", "/a%2e", "/a b", "/apps/1001/channels", "/a\n"} {
		_, err := client.Get(t.Context(), path, nil)
		requireInvalid(t, err, "path")
		_, err = client.Post(t.Context(), path, nil, nil)
		requireInvalid(t, err, "path")
		_, err = client.SignedURL("GET", path, nil, nil)
		requireInvalid(t, err, "path")
	}
	for _, params := range []map[string]string{
		{"auth_key": "x"}, {"AUTH_signature": "x"}, {"Body_MD5": "x"}, {"auth_anything": "x"}, {"": "x"}, {"a b": "x"}, {"a&b": "x"}, {"Info": "a", "info": "b"},
	} {
		_, err := client.Get(t.Context(), "/channels", params)
		requireInvalid(t, err, "params")
	}
	_, err := client.SignedURL("DELETE", "/x", nil, nil)
	requireInvalid(t, err, "method")
	_, err = client.Post(t.Context(), "/events", nil, math.Inf(1))
	requireInvalid(t, err, "body")
	_, err = client.Post(t.Context(), "/events", nil, "")
	requireInvalid(t, err, "body")
	require.Zero(t, w.count())

	w.body = `{"hello":"world"}`
	res, err := client.Get(t.Context(), "/channels", map[string]string{"Filter_By_Prefix": "a&b"})
	require.NoError(t, err)
	require.JSONEq(t, w.body, string(res.Body))
	require.Equal(t, map[string]string{"filter_by_prefix": "a&b"}, w.last(t).call.Query)
	require.Contains(t, w.last(t).url, "filter_by_prefix=a%26b")
	for _, row := range []struct {
		body any
		want string
	}{{nil, "{}"}, {`{"a":1}`, `{"a":1}`}, {map[string]int{"b": 2}, `{"b":2}`}} {
		_, err = client.Post(t.Context(), "/anything", nil, row.body)
		require.NoError(t, err)
		require.Equal(t, row.want, string(w.last(t).call.Body))
	}
	w.status = 404
	_, err = client.Get(t.Context(), "/nothing", nil)
	require.ErrorIs(t, err, pusher.ErrNotFound)
}
