package main

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// announcement tells how to reach the server.
type announcement struct {
	URL          string `json:"url"`
	WebSocketURL string `json:"websocket_url"`
	// ConsoleURL is absent without a console.
	ConsoleURL string `json:"console_url,omitempty"`
	AppID      string `json:"app_id"`
	Key        string `json:"key"`
	// PusherURL is for SDKs. It is absent if the user gave a secret: those are not
	// printed.
	PusherURL string `json:"pusher_url,omitempty"`
}

// announce prints how to reach the server, and warns if other machines can.
func (in *invocation) announce(address net.Addr, app pushertest.ServerConfig, withConsole bool) error {
	host, port := reachableAt(address)
	hostPort := net.JoinHostPort(host, strconv.Itoa(port))
	document := announcement{
		URL:          "http://" + hostPort,
		WebSocketURL: "ws://" + hostPort + "/app/" + app.Key,
		AppID:        app.AppID,
		Key:          app.Key,
	}
	pusherURL := pusherURLOf(hostPort, app)
	if hasKnownSecret(app) {
		document.PusherURL = pusherURL
	}
	if withConsole {
		document.ConsoleURL = document.URL + "/"
	}
	if tcp, ok := address.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		fmt.Fprintf(in.stderr, "Other machines can reach this server, at %s: whoever has key and secret can use it, and nothing is encrypted.\n", address)
		if withConsole {
			fmt.Fprintln(in.stderr, "They can also open its console, which shows everything and asks for no password. --no-console leaves it out.")
		}
	}
	return in.show(document, func(t *table) {
		t.row("A Channels server runs at " + document.URL + " until it is interrupted (Ctrl-C).")
		if withConsole {
			t.row("Its console: " + document.ConsoleURL)
		}
		t.row("")
		t.row("PUSHER_URL=" + pusherURL)
		if !hasKnownSecret(app) {
			t.row("Write the secret that you gave where SECRET stands.")
		}
		for _, snippet := range snippets(host, port, app) {
			t.row("")
			t.row(snippet.Title + ":")
			for line := range strings.Lines(snippet.Code) {
				t.row("  " + strings.TrimSuffix(line, "\n"))
			}
		}
	})
}

// pusherURLOf returns what goes into PUSHER_URL, with SECRET in place of a secret
// of the user's own.
func pusherURLOf(hostPort string, app pushertest.ServerConfig) string {
	secret := "SECRET"
	if hasKnownSecret(app) {
		secret = app.Secret
	}
	return (&url.URL{Scheme: "http", User: url.UserPassword(app.Key, secret), Host: hostPort, Path: "/apps/" + app.AppID}).String()
}

// hasKnownSecret reports whether the app's secret is none, since the documentation
// has it.
func hasKnownSecret(app pushertest.ServerConfig) bool { return app.Secret == pushertest.DefaultSecret }

// reachableAt returns where clients on this machine connect to.
func reachableAt(address net.Addr) (host string, port int) {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return address.String(), 0
	}
	if tcp.IP.IsUnspecified() {
		return "127.0.0.1", tcp.Port
	}
	return tcp.IP.String(), tcp.Port
}

// snippet is ready to be copied.
type snippet struct {
	// Title says where it goes.
	Title string `json:"title"`
	Code  string `json:"code"`
}

// snippets returns those for a server that is reached at host and port.
func snippets(host string, port int, app pushertest.ServerConfig) []snippet {
	pusherURL := pusherURLOf(net.JoinHostPort(host, strconv.Itoa(port)), app)
	wsHost := host
	if strings.Contains(host, ":") {
		wsHost = "[" + host + "]" // pusher-js writes it into a URL as it is
	}
	return []snippet{
		{"In a shell", "export PUSHER_URL='" + pusherURL + "'\n" +
			`pusher trigger my-channel my-event '{"hello":"world"}'`},
		{"In Go", "client, err := pusher.FromURL(" + strconv.Quote(pusherURL) + ")\n" +
			`_, err = client.Trigger(ctx, "my-channel", "my-event", map[string]string{"hello": "world"})`},
		{"In a page or in Node, with pusher-js", "const pusher = new Pusher(" + strconv.Quote(app.Key) + ", {\n" +
			fmt.Sprintf("  cluster: \"local\", wsHost: %q, wsPort: %d, forceTLS: false, enabledTransports: [\"ws\"],\n", wsHost, port) +
			"});\n" +
			`pusher.subscribe("my-channel").bind("my-event", (data) => console.log(data));`},
	}
}
