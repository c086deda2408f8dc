package pusher_test

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func ExampleClient_AuthorizeChannel() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8", Cluster: "eu"})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := client.AuthorizeChannel("1234.1234", "private-foobar", nil)
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(auth)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output:
	// {"auth":"278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"}
}

func ExampleClient_AuthorizeChannel_presence() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "key", Secret: "secret", Cluster: "eu"})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := client.AuthorizeChannel("1234.1234", "presence-room", &pusher.Member{
		UserID:   "10",
		UserInfo: map[string]string{"name": "Zoë"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.ChannelData)

	_, err = client.AuthorizeChannel("1234.1234", "presence-room", nil)
	fmt.Println(err)
	// Output:
	// {"user_id":"10","user_info":{"name":"Zoë"}}
	// invalid member: is nil, "presence-room" is a presence channel; give a Member, or AllowSignedIn() if the connection has signed in
}

func ExampleClient_AuthenticateUser() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8", Cluster: "eu"})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := client.AuthenticateUser("1234.1234", pusher.User{ID: "12345"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.UserData)
	fmt.Println(auth.Auth)
	// Output:
	// {"id":"12345"}
	// 278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba
}

// With a framework of another kind, hand over the body's bytes.
func ExampleParseAuthRequest() {
	body := []byte("socket_id=1234.1234&channel_name=private-room&token=abc")
	req, err := pusher.ParseAuthRequest(body)
	if err != nil {
		log.Fatal(err) // answer 400
	}
	fmt.Println(req.SocketID, req.Channel, req.Params.Get("token"))

	_, err = pusher.ParseAuthRequest([]byte("socket_id=1234.1234:private-other"))
	fmt.Println(err)
	// Output:
	// 1234.1234 private-room abc
	// invalid socket_id: "1234.1234:private-other" is not a socket id: want digits.digits, like 1234.5678
}

// submit posts a form as a browser does, with a session's cookie.
func submit(handler http.Handler, form url.Values, session string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "session", Value: session})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
}

func ExampleClient_ChannelAuthHandler() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8", Cluster: "eu"})
	if err != nil {
		log.Fatal(err)
	}
	handler := client.ChannelAuthHandler(func(r *http.Request, req pusher.AuthRequest) (pusher.Decision, error) {
		session, err := r.Cookie("session")
		if err != nil || session.Value != "of-alice" {
			return pusher.Deny(), nil
		}
		if req.Channel == "presence-lobby" {
			return pusher.AllowMember(pusher.Member{UserID: "alice"}), nil
		}
		if req.Channel == "private-foobar" {
			return pusher.Allow(), nil
		}
		return pusher.Deny(), nil
	})
	http.Handle("/pusher/auth", handler)

	form := url.Values{"socket_id": {"1234.1234"}, "channel_name": {"private-foobar"}}
	submit(handler, form, "of-alice")
	submit(handler, form, "of-nobody")
	// Output:
	// 200 {"auth":"278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"}
	// 403 Forbidden
}

func ExampleClient_UserAuthHandler() {
	client, err := pusher.New(pusher.Config{AppID: "4", Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8", Cluster: "eu"})
	if err != nil {
		log.Fatal(err)
	}
	handler := client.UserAuthHandler(func(r *http.Request, _ pusher.AuthRequest) (pusher.Decision, error) {
		session, err := r.Cookie("session")
		if err != nil || session.Value != "of-alice" {
			return pusher.Deny(), nil
		}
		return pusher.AllowUser(pusher.User{ID: "12345"}), nil
	})
	http.Handle("/pusher/user-auth", handler)

	form := url.Values{"socket_id": {"1234.1234"}}
	submit(handler, form, "of-alice")
	submit(handler, form, "of-nobody")
	// Output:
	// 200 {"auth":"278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba","user_data":"{\"id\":\"12345\"}"}
	// 403 Forbidden
}
