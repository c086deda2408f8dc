package pushertest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

var sealedData = object(
	"nonce", base64.StdEncoding.EncodeToString(make([]byte, 24)),
	"ciphertext", base64.StdEncoding.EncodeToString(make([]byte, 20)),
)

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("c%d", i)
	}
	return list
}

func TestServerTrigger(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	long := strings.Repeat("x", 201)
	for name, test := range map[string]struct {
		body   string
		status int
		answer string // exact on success, a part on refusal
	}{
		"channels":               {event, 200, `{}`},
		"channel":                {object("name", "e", "channel", "c", "data", ""), 200, `{}`},
		"socket id":              {object("name", "e", "channel", "c", "data", "d", "socket_id", "1.2"), 200, `{}`},
		"unknown field":          {object("name", "e", "channel", "c", "data", "d", "tags", 1), 200, `{}`},
		"user channel":           {object("name", "e", "channel", "#server-to-user-a_b", "data", "d"), 200, `{}`},
		"100 channels":           {object("name", "e", "channels", names(100), "data", "d"), 200, `{}`},
		"10,240 bytes":           {object("name", "e", "channel", "c", "data", strings.Repeat("é", 5120)), 200, `{}`},
		"200 characters":         {object("name", strings.Repeat("é", 200), "channel", long[1:], "data", "d"), 200, `{}`},
		"encrypted":              {object("name", "e", "channel", "private-encrypted-a", "data", sealedData), 200, `{}`},
		"info":                   {object("name", "e", "channels", []string{"presence-a", "b"}, "data", "d", "info", "user_count,subscription_count"), 200, `{"channels":{"b":{"subscription_count":0},"presence-a":{"user_count":0,"subscription_count":0}}}`},
		"info of a public one":   {object("name", "e", "channel", "b", "data", "d", "info", "user_count"), 200, `{"channels":{"b":{}}}`},
		"no body":                {"", 400, "JSON"},
		"no JSON":                {"{", 400, "JSON"},
		"no object":              {"[]", 400, "JSON"},
		"null":                   {"null", 400, "JSON"},
		"JSON twice":             {event + event, 400, "JSON"},
		"invalid UTF-8":          {`{"name":"e","channel":"c","data":"` + "\xff" + `"}`, 400, "UTF-8"},
		"names in upper case":    {`{"Name":"e","Channel":"c","Data":"d"}`, 400, "channel"},
		"no name":                {object("channel", "c", "data", "d"), 400, "name"},
		"empty name":             {object("name", "", "channel", "c", "data", "d"), 400, "name"},
		"long name":              {object("name", long, "channel", "c", "data", "d"), 400, "name"},
		"reserved name":          {object("name", "pusher:x", "channel", "c", "data", "d"), 400, "name"},
		"internal name":          {object("name", "pusher_internal:x", "channel", "c", "data", "d"), 400, "name"},
		"no data":                {object("name", "e", "channel", "c"), 400, "data"},
		"data of an object":      {object("name", "e", "channel", "c", "data", map[string]int{}), 400, "data"},
		"data null":              {object("name", "e", "channel", "c", "data", nil), 400, "data"},
		"10,241 bytes":           {object("name", "e", "channel", "c", "data", strings.Repeat("x", 10_241)), 413, "10240"},
		"no channel":             {object("name", "e", "data", "d"), 400, "channel"},
		"channel and channels":   {object("name", "e", "channel", "c", "channels", []string{"c"}, "data", "d"), 400, "channel"},
		"no channels":            {object("name", "e", "channels", []string{}, "data", "d"), 400, "channels"},
		"channels of a string":   {object("name", "e", "channels", "c", "data", "d"), 400, "channels"},
		"channels with null":     {object("name", "e", "channels", []any{"c", nil}, "data", "d"), 400, "channels"},
		"channel of a number":    {object("name", "e", "channel", 1, "data", "d"), 400, "channel"},
		"101 channels":           {object("name", "e", "channels", names(101), "data", "d"), 400, "100"},
		"empty channel":          {object("name", "e", "channel", "", "data", "d"), 400, "channel"},
		"long channel":           {object("name", "e", "channel", long, "data", "d"), 400, "channel"},
		"newline":                {object("name", "e", "channel", "c\n", "data", "d"), 400, "channel"},
		"slash":                  {object("name", "e", "channel", "../c", "data", "d"), 400, "channel"},
		"reserved channel":       {object("name", "e", "channel", "#x", "data", "d"), 400, "channel"},
		"user channel of none":   {object("name", "e", "channel", "#server-to-user-", "data", "d"), 400, "channel"},
		"socket id with newline": {object("name", "e", "channel", "c", "data", "d", "socket_id", "1.1\n"), 400, "socket_id"},
		"empty socket id":        {object("name", "e", "channel", "c", "data", "d", "socket_id", ""), 400, "socket_id"},
		"socket id without dot":  {object("name", "e", "channel", "c", "data", "d", "socket_id", "11"), 400, "socket_id"},
		"unknown attribute":      {object("name", "e", "channel", "c", "data", "d", "info", "user_count,colour"), 400, "colour"},
		"cache attribute":        {object("name", "e", "channel", "cache-c", "data", "d", "info", "cache"), 400, "cache"},
		"encrypted among others": {object("name", "e", "channels", []string{"a", "private-encrypted-a"}, "data", sealedData), 400, "encrypted"},
		"encrypted, plain":       {object("name", "e", "channel", "private-encrypted-a", "data", "plain"), 400, "ciphertext"},
		"encrypted, half":        {object("name", "e", "channel", "private-encrypted-a", "data", `{"nonce":"AAAA"}`), 400, "ciphertext"},
		"encrypted, more":        {object("name", "e", "channel", "private-encrypted-a", "data", sealedData[:len(sealedData)-1]+`,"x":"y"}`), 400, "ciphertext"},
		"encrypted, short nonce": {object("name", "e", "channel", "private-encrypted-a", "data", `{"nonce":"AAAA","ciphertext":"AAAAAAAAAAAAAAAAAAAAAAAA"}`), 400, "ciphertext"},
		"encrypted, short text":  {object("name", "e", "channel", "private-encrypted-a", "data", strings.Replace(sealedData, `"AAAAAAAAAAAAAAAAAAAAAAAAAAA="`, `"AAAA"`, 1)), 400, "ciphertext"},
		"too large":              {strings.Repeat(" ", 1<<20) + "{}", 413, "1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := post("/events", test.body).send(t, srv)
			assert.Equal(t, test.status, res.status, res.body)
			if test.status == 200 {
				assert.JSONEq(t, test.answer, res.body)
				assert.Equal(t, "application/json", res.header.Get("Content-Type"))
			} else {
				assert.Contains(t, res.body, test.answer)
			}
		})
	}
}

func TestServerBatch(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	one := map[string]any{"name": "e", "channel": "c", "data": "d"}
	counted := map[string]any{"name": "e", "channel": "presence-c", "data": "d", "info": "user_count"}
	sealed := func(channel string) map[string]any {
		return map[string]any{"name": "e", "channel": channel, "data": sealedData}
	}
	batch := func(events ...any) string { return object("batch", events) }
	many := func(n int) (events []any) {
		for range n {
			events = append(events, one)
		}
		return events
	}
	for name, test := range map[string]struct {
		body   string
		status int
		answer string
	}{
		"one":               {batch(one), 200, `{}`},
		"ten":               {batch(many(10)...), 200, `{}`},
		"info of one":       {batch(counted, one), 200, `{"batch":[{"user_count":0},{}]}`},
		"several encrypted": {batch(sealed("private-encrypted-a"), sealed("private-encrypted-b"), one), 200, `{}`},
		"eleven":            {batch(many(11)...), 400, "10"},
		"none":              {batch(), 400, "batch"},
		"no batch":          {"{}", 400, "batch"},
		"no JSON":           {"batch", 400, "JSON"},
		"null event":        {batch(nil), 400, "JSON"},
		"no channel":        {batch(map[string]any{"name": "e", "data": "d"}), 400, "channel"},
		"several channels":  {batch(map[string]any{"name": "e", "data": "d", "channels": []string{"a", "b"}}), 400, "channel"},
		"channel a number":  {batch(map[string]any{"name": "e", "data": "d", "channel": 1}), 400, "channel"},
		"data a number":     {batch(map[string]any{"name": "e", "data": 1, "channel": "c"}), 400, "data"},
		"long data":         {batch(one, map[string]any{"name": "e", "data": strings.Repeat("x", 10_241), "channel": "c"}), 413, "10240"},
		"bad attribute":     {batch(map[string]any{"name": "e", "channel": "c", "data": "d", "info": ""}), 400, "info"},
		"bad socket id":     {batch(map[string]any{"name": "e", "channel": "c", "data": "d", "socket_id": "1.1:x"}), 400, "socket_id"},
		"encrypted, plain":  {batch(map[string]any{"name": "e", "channel": "private-encrypted-a", "data": "d"}), 400, "ciphertext"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := post("/batch_events", test.body).send(t, srv)
			assert.Equal(t, test.status, res.status, res.body)
			if test.status == 200 {
				assert.JSONEq(t, test.answer, res.body)
			} else {
				assert.Contains(t, res.body, test.answer)
			}
		})
	}
}

func TestServerAcceptsAllOfABatchOrNothing(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	res := post("/batch_events", `{"batch":[{"name":"e","channel":"c","data":"d"},{"name":"","channel":"c","data":"d"}]}`).send(t, srv)
	require.Equal(t, 400, res.status)
	assert.Empty(t, srv.Events())
}

func TestServerRecordsAcceptedEvents(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	for _, r := range []request{
		post("/events", object("name", "one", "channels", []string{"a", "b"}, "data", "1", "socket_id", "1.2")),
		post("/events", object("name", "refused", "channel", "#", "data", "")),
		{method: "POST", path: "/apps/1001/batch_events", header: http.Header{"X-Idempotency-Key": {"of-request"}},
			body: `{"batch":[{"name":"two","channel":"c","data":"2","idempotency_key":"own"},{"name":"three","channel":"c","data":"3"}]}`},
	} {
		r.send(t, srv)
	}
	assert.Equal(t, []pushertest.Event{
		{Channel: "a", Name: "one", Data: "1", SocketID: "1.2"},
		{Channel: "b", Name: "one", Data: "1", SocketID: "1.2"},
		{Channel: "c", Name: "two", Data: "2", IdempotencyKey: "own"},
		{Channel: "c", Name: "three", Data: "3", IdempotencyKey: "of-request"},
	}, srv.Events())
}

func TestServerLimits(t *testing.T) {
	t.Parallel()
	small := pushertest.NewServer(t, pushertest.ServerConfig{Limits: pushertest.ServerLimits{
		DataBytes: 2, RequestBytes: 100, Channels: 1, BatchEvents: 1, ChannelName: 3, EventName: 3,
	}})
	large := pushertest.NewServer(t, pushertest.ServerConfig{Limits: pushertest.ServerLimits{
		DataBytes: -1, RequestBytes: -1, Channels: -1, BatchEvents: -1, ChannelName: -1, EventName: -1, SendQueue: -1,
	}})
	long := strings.Repeat("x", 300)
	batch := `{"batch":[` + strings.Repeat(`{"name":"e","channel":"c","data":"d"},`, 11) + `{"name":"e","channel":"c","data":"d"}]}`
	for name, test := range map[string]struct {
		request request
		status  int // of the small server
	}{
		"DataBytes":    {post("/events", object("name", "e", "channel", "c", "data", "123")), 413},
		"RequestBytes": {post("/events", object("name", "e", "channel", "c", "data", "", "x", long)), 413},
		"Channels":     {post("/events", object("name", "e", "channels", []string{"a", "b"}, "data", "")), 400},
		"BatchEvents":  {post("/batch_events", batch), 413},
		"ChannelName":  {post("/events", object("name", "e", "channel", "long", "data", "")), 400},
		"EventName":    {post("/events", object("name", "long", "channel", "c", "data", "")), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.status, test.request.send(t, small).status)
			assert.Equal(t, 200, test.request.send(t, large).status)
		})
	}
	res := post("/events", object("name", long, "channels", append(names(200), long), "data", strings.Repeat("x", 11_000), "x", strings.Repeat("x", 1<<20))).send(t, large)
	assert.Equal(t, 200, res.status, res.body)
}
