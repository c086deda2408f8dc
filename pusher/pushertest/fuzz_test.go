package pushertest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// Whatever the body of a signed request is, the server answers with a documented
// status, in every flavor, and still works.
func FuzzHTTPBody(f *testing.F) {
	for _, seed := range []string{
		event, `{}`, `[]`, `null`, ``, `{"name":"e","channel":"a","data":1}`, `{"name":"e","channels":["a","b"],"data":"d","info":"user_count,cache"}`,
		`{"batch":[{"name":"e","channel":"presence-a","data":"d","info":"subscription_count","socket_id":"1.1"},{}]}`,
		`{"batch":{}}`, `{"channels":null,"channel":"#server-to-user-1"}`, "{\"name\":\"\xff\"}", `{"name":"e","channel":"private-encrypted-a","data":"{\"nonce\":\"x\",\"ciphertext\":\"y\"}"}`,
		strings.Repeat(`{"batch":[`, 1000),
	} {
		f.Add(seed)
	}
	var servers []*pushertest.Server
	for _, flavor := range pushertest.Flavors() {
		servers = append(servers, pushertest.NewServer(f, pushertest.ServerConfig{Flavor: flavor, KeepEvents: -1, KeepRequests: -1}))
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, srv := range servers {
			for _, path := range []string{"/events", "/batch_events", "/users/1/terminate_connections"} {
				signed := httptest.NewRequest(http.MethodPost, post(path, body).url(srv), strings.NewReader(body))
				signed.RequestURI = signed.URL.RequestURI()
				res := httptest.NewRecorder()
				srv.Handler().ServeHTTP(res, signed)
				switch res.Code {
				case http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
				default:
					t.Fatalf("%s: %d %s", path, res.Code, res.Body)
				}
				if !utf8.Valid(res.Body.Bytes()) {
					t.Fatalf("%s: %q", path, res.Body)
				}
			}
		}
	})
}

// Whatever a client sends, the server answers or closes with a documented code, and
// serves the others.
func FuzzWebSocketFrames(f *testing.F) {
	for _, seed := range []string{
		`{"event":"pusher:ping","data":{}}`, `{"event":"pusher:subscribe","data":{"channel":"a"}}`, `{"event":"pusher:subscribe","data":{"channel":"presence-a","auth":"k:s","channel_data":"{}"}}`,
		`{"event":"pusher:unsubscribe","data":{"channel":"a"}}`, `{"event":"pusher:signin","data":{"auth":"k:s","user_data":"{}"}}`, `{"event":"client-x","channel":"private-a","data":null}`,
		`{"event":"pusher:subscribe"}`, `{"event":1}`, `{}`, `[]`, `null`, ``, "\xff", `{"event":"` + strings.Repeat("x", 1000) + `"}`, `{"event":"pusher_internal:member_added"}`,
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	srv := pushertest.NewServer(f, pushertest.ServerConfig{Limits: pushertest.ServerLimits{FrameBytes: 1 << 12}})
	f.Fuzz(func(t *testing.T, text string, binary bool) {
		ws := dialRaw(t, srv.WebSocketURL())
		readRaw(t, ws)
		kind := websocket.MessageText
		if binary {
			kind = websocket.MessageBinary
		}
		_ = ws.Write(deadline(t), kind, []byte(text))
		_ = ws.Write(deadline(t), websocket.MessageText, []byte(`{"event":"pusher:ping"}`))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for {
			_, answer, err := ws.Read(ctx)
			if err != nil {
				switch code := websocket.CloseStatus(err); code {
				case 4009, websocket.StatusMessageTooBig:
				case websocket.StatusInvalidFramePayloadData, websocket.StatusProtocolError:
				default:
					t.Fatalf("closed with %d: %v", code, err)
				}
				break
			}
			if strings.Contains(string(answer), "pusher:pong") {
				break
			}
		}
		next := connect(t, srv)
		if err := next.Ping(deadline(t)); err != nil {
			t.Fatal(err)
		}
		next.Close()
	})
}
