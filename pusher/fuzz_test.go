package pusher_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func fuzzClient(f *testing.F, edits ...func(*pusher.Config)) *pusher.Client {
	f.Helper()
	cfg := vectorConfig()
	cfg.Backend = &wire{body: "{}"}
	for _, edit := range edits {
		edit(&cfg)
	}
	client, err := pusher.New(cfg)
	if err != nil {
		f.Fatal(err)
	}
	return client
}

func FuzzWebhook(f *testing.F) {
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"events":[]}`, `{"events":null}`, `{"events":{}}`, `{"events":[null,1,"x",[],{}]}`,
		`{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"a"},{"name":"channel_vacated","channel":"b"}]}`,
		`{"time_ms":"1327078148","events":[{"name":"member_added","channel":"presence-a","user_id":7}]}`,
		`{"time_ms":1.3e12,"events":[{"name":"subscription_count","subscription_count":"3","x":{"y":[1,"]}"]}}]}`,
		`{"events":[{"name":"client_event","channel":"private-encrypted-a","data":"{\"nonce\":\"AAAA\",\"ciphertext\":\"AAAA\"}"}]}`,
		`{"events":[{"name":"a"}],"\u0065vents":[{"name":"b"}],"Events":[{"name":"c"},{"name":"d"}]}`,
		" {\n\"events\" :\t[ {\"name\" : \"a\\\\\\\"\" } , { } ] } ", `{"events":[{"name":"a"}`, `{"a":"\`, `{"events":[{}{}]}`,
	} {
		f.Add([]byte(body))
	}
	client := fuzzClient(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		hook, err := client.ValidateWebhook(docKey, hmacHex(docSecret, string(body)), body)
		if err != nil {
			if !errors.Is(err, pusher.ErrWebhookBody) {
				t.Fatalf("signed as it should be: %v", err)
			}
			return
		}
		var parsed struct {
			Events []json.RawMessage `json:"events"`
		}
		if err := json.Unmarshal(body, &parsed); err != nil {
			t.Fatalf("accepted, but encoding/json says %v", err)
		}
		if len(parsed.Events) != len(hook.Events) {
			t.Fatalf("%d events, encoding/json finds %d", len(hook.Events), len(parsed.Events))
		}
		for i, e := range hook.Events {
			if string(e.Raw) != string(parsed.Events[i]) {
				t.Fatalf("Raw of event %d is %q, encoding/json has %q", i, e.Raw, parsed.Events[i])
			}
			requireRawName(t, e)
		}
	})
}

// requireRawName requires that an event's fields and its Raw are of one event.
func requireRawName(t *testing.T, e pusher.WebhookEvent) {
	t.Helper()
	if !json.Valid(e.Raw) {
		t.Fatalf("Raw is not JSON: %q", e.Raw)
	}
	var fields struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(e.Raw, &fields) == nil && e.Name != "" && fields.Name != "" && e.Name != fields.Name {
		t.Fatalf("Name is %q, Raw has %q", e.Name, fields.Name)
	}
}

var (
	strictSocketID = regexp.MustCompile(`\A[0-9]+\.[0-9]+\z`)
	strictName     = regexp.MustCompile(`\A[A-Za-z0-9_\-=@,.;]*\z`)
)

func FuzzParseAuthRequest(f *testing.F) {
	for _, body := range []string{
		"", "socket_id=1234.5678&channel_name=private-a", "socket_id=1.1%0A&channel_name=private-a", "socket_id=1.1:private-x",
		"socket_id=1.1&socket_id=2.2", "socket_id=1%2e1&channel_name=%23server-to-user-1", "socket_id=.1", "socket_id=1.", "a;b", "%zz",
		"channel_name=&socket_id=1.1", "socket_id=1.1&channel_name=private-%0a&x=1", "socket_id=%EF%BC%91.1", `{"socket_id":"1.1"}`,
	} {
		f.Add([]byte(body))
	}
	client := fuzzClient(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := pusher.ParseAuthRequest(body)
		if err != nil {
			requireTyped[*pusher.ValidationError](t, err)
			return
		}
		if !strictSocketID.MatchString(req.SocketID) {
			t.Fatalf("accepted the socket id %q", req.SocketID)
		}
		if !strictName.MatchString(req.Channel) {
			t.Fatalf("accepted the channel %q", req.Channel)
		}
		auth, err := client.AuthorizeChannel(req.SocketID, req.Channel, nil)
		if err != nil {
			requireTyped[*pusher.ValidationError](t, err)
			return
		}
		if want := docKey + ":" + hmacHex(docSecret, req.SocketID+":"+req.Channel); auth.Auth != want {
			t.Fatalf("signed another string than %s:%s", req.SocketID, req.Channel)
		}
	})
}

func requireTyped[E error](t *testing.T, err error) {
	t.Helper()
	if want, ok := errors.AsType[E](err); !ok {
		t.Fatalf("%T: %v, want a %T", err, err, want)
	}
}

// FuzzConfigFromURL puts a password between two halves of a URL, wherever they end.
func FuzzConfigFromURL(f *testing.F) {
	for _, halves := range [][2]string{
		{"https://key:", "@api-eu.pusher.com/apps/4"}, {"http://key:", "@[::1]:8080/prefix/apps/app-1/"}, {"", ""},
		{"https://key:", "@host:99999/apps/4"}, {"https://key:", "%zz@host/apps/4"}, {"https://", "@host/apps/4"},
		{"https://key:p@", "/apps/4"}, {"https://key:p@host:", "/apps/4"}, {"https://key:p@host/", "/apps/4"}, {"https://key:p@host/apps/", ""},
		{"https://key:p@host/apps/4?", ""}, {"https://key:p@host/apps/4#", ""}, {"https://", ":p@host/apps/4"}, {"https://key:%20", "@host/apps/4"},
		{"ftp://key:", "@host/apps/4"}, {"https://key:", "@ho st/apps/4"}, {"https://key:", "@host/../apps/4"}, {" https://key:", "\x7f@host/apps/4\n"},
	} {
		f.Add(halves[0], halves[1])
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		const password = "s3cr3t-p4ssw0rd"
		cfg, err := pusher.ConfigFromURL(before + password + after)
		if err != nil {
			requireTyped[*pusher.ValidationError](t, err)
			if strings.Contains(err.Error(), password) {
				t.Fatalf("the error shows the password: %v", err)
			}
			return
		}
		cfg.Backend = &wire{}
		if _, err = pusher.New(cfg); err != nil {
			t.Fatalf("ConfigFromURL accepts what New refuses: %v", err)
		}
	})
}

func FuzzEventEncoding(f *testing.F) {
	for _, pair := range [][2]string{
		{"my-event", "hello"}, {"e", ""}, {"<&>\u2028\u2029", "<&>\u2028\u2029"}, {"\"\\/", "\"\\/\b\f\n\r\t\x00\x1f\x7f"}, {"é🙂", "日本語"},
		{"e", `{"json":"in a \"string\""}`}, {"e", "seven77\"eight888\\"}, {"e", "\xff"}, {"\xed\xa0\x80", "x"}, {"pusher:e", "x"}, {"e", "\xef\xbf\xbd"},
	} {
		f.Add(pair[0], pair[1])
	}
	var body []byte
	client := fuzzClient(f, func(c *pusher.Config) {
		c.Backend = backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
			body = req.Body()
			return backend.Response{StatusCode: http.StatusOK, Body: []byte("{}")}, nil
		})
	})
	type event struct {
		Name     string
		Channel  string
		Channels []string
		Data     *string
	}
	f.Fuzz(func(t *testing.T, name, data string) {
		good := utf8.ValidString(name) && utf8.ValidString(data) && name != "" && utf8.RuneCountInString(name) <= 200 &&
			len(data) <= 10_240 && !strings.HasPrefix(name, "pusher:") && !strings.HasPrefix(name, "pusher_internal:")
		check := func(err error, into any, got func() event) {
			t.Helper()
			if (err == nil) != good {
				t.Fatalf("good input is %t, error: %v", good, err)
			}
			if err != nil {
				requireTyped[*pusher.ValidationError](t, err)
				return
			}
			if err := json.Unmarshal(body, into); err != nil {
				t.Fatalf("the body is not JSON: %v: %q", err, body)
			}
			if e := got(); e.Data == nil || e.Name != name || *e.Data != data || e.Channel+strings.Join(e.Channels, "") != "a" {
				t.Fatalf("sent %q", body)
			}
		}
		var single event
		_, err := client.Trigger(t.Context(), "a", name, data)
		check(err, &single, func() event { return single })

		var batch struct{ Batch []event }
		_, err = client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: name, Data: []byte(data)}})
		check(err, &batch, func() event { return batch.Batch[0] })
	})
}

func FuzzResponseDecoding(f *testing.F) {
	for _, body := range []string{
		``, ` `, `null`, `{}`, `[]`, `{"ok":true}`, `{"error":"no","code":401}`, `{"error":{"error":"x"},"code":1e9}`, `{"channels":[]}`,
		`{"channels":{"presence-a":{"user_count":4},"b":{}}}`, `{"channels":{"a":null}}`, `{"channels":[1]}`, `{"batch":{}}`, `{"batch":[{"user_count":1},{}]}`,
		`{"batch":[null]}`, `{"occupied":true,"user_count":42,"cache":{"data":{"a":1},"ttl":1e300}}`, `{"cache":null}`, `{"users":[{"id":"1"},{"id":2},{},null]}`,
		`{"users":{}}`, `{"channels":`, `<html>`, "\xff\xfe", `{"channels":" "}`, `{"batch":" "}`, `{"errors":{"message":{}},"message":["a"]}`,
	} {
		f.Add(200, []byte(body))
		f.Add(401, []byte(body))
	}
	f.Add(0, []byte(`{}`))
	f.Add(-1, []byte(`{}`))
	f.Add(302, []byte(``))
	f.Add(422, []byte(`{"name":["is bad"]}`))
	var res backend.Response
	client := fuzzClient(f, func(c *pusher.Config) {
		c.Backend = backend.Func(func(context.Context, backend.Request) (backend.Response, error) { return res, nil })
	})
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		res = backend.Response{StatusCode: status, Header: http.Header{"Location": {string(body)}, "Retry-After": {string(body)}}, Body: body}
		_, triggered := client.Trigger(t.Context(), "a", "e", "x", pusher.WithInfo(pusher.UserCount))
		_, batched := client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e", Data: "x"}})
		_, listed := client.Channels(t.Context(), pusher.ChannelsQuery{})
		_, channel := client.Channel(t.Context(), "presence-a")
		_, users := client.ChannelUsers(t.Context(), "presence-a")
		success := res.EffectiveStatus() >= 200 && res.EffectiveStatus() <= 299
		for _, err := range []error{triggered, batched, listed, channel, users} {
			switch {
			case err == nil:
				if !success {
					t.Fatalf("status %d is no error", status)
				}
			case success:
				requireTyped[*pusher.ResponseError](t, err)
				requireOutcome(t, err, pusher.Accepted)
			case status < http.StatusOK: // no final answer: the backend is at fault
				requireTyped[*backend.Error](t, err)
				requireOutcome(t, err, pusher.Unknown)
			default:
				requireTyped[*pusher.APIError](t, err)
				requireOutcome(t, err, pusher.Rejected)
			}
			if err != nil && !utf8.ValidString(err.Error()) {
				t.Fatalf("the error is not UTF-8: %q", err.Error())
			}
		}
	})
}

func requireOutcome(t *testing.T, err error, want pusher.Outcome) {
	t.Helper()
	if got := pusher.OutcomeOf(err); got != want {
		t.Fatalf("outcome is %s, want %s: %v", got, want, err)
	}
}
