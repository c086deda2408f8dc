package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// What the console shows at most, so that a page stays usable on a server with
// thousands of clients. The totals are always told.
const (
	consoleRows    = 500
	consoleDetails = 50
)

// consoleState is the server at one moment.
type consoleState struct {
	App         consoleApp          `json:"app"`
	Connections []consoleConnection `json:"connections"`
	Channels    []consoleChannel    `json:"channels"`
	// ConnectionCount and ChannelCount also count those that are left out.
	ConnectionCount int       `json:"connection_count"`
	ChannelCount    int       `json:"channel_count"`
	Snippets        []snippet `json:"snippets"`
}

type consoleApp struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Flavor string `json:"flavor"`
	// Webhooks says whether any are sent.
	Webhooks bool `json:"webhooks"`
}

type consoleConnection struct {
	SocketID     string    `json:"socket_id"`
	UserID       string    `json:"user_id,omitempty"`
	Client       string    `json:"client,omitempty"`
	RemoteAddr   string    `json:"remote_addr"`
	Opened       time.Time `json:"opened"`
	Channels     []string  `json:"channels"`
	ChannelCount int       `json:"channel_count"`
}

type consoleChannel struct {
	Name              string `json:"name"`
	SubscriptionCount int    `json:"subscription_count"`
	// UserCount and Users are of presence channels only.
	UserCount *int          `json:"user_count,omitempty"`
	Users     []consoleUser `json:"users,omitempty"`
	Cached    *consoleEvent `json:"cached,omitempty"`
}

type consoleUser struct {
	ID   string          `json:"id"`
	Info json.RawMessage `json:"info,omitempty"`
}

func (c *console) serveState(w http.ResponseWriter, r *http.Request) {
	snapshot := c.channels.Snapshot()
	state := consoleState{
		App: consoleApp{
			ID: snapshot.AppID, Key: snapshot.Key,
			Flavor: c.app.Flavor.String(), Webhooks: c.app.Webhooks.URL != "",
		},
		Connections:     []consoleConnection{},
		Channels:        []consoleChannel{},
		ConnectionCount: len(snapshot.Connections),
		ChannelCount:    len(snapshot.Channels),
		Snippets:        snippetsAt(r, c.app),
	}
	// The latest connections are those of interest.
	for _, connection := range snapshot.Connections[max(0, len(snapshot.Connections)-consoleRows):] {
		state.Connections = append(state.Connections, newConsoleConnection(connection))
	}
	for _, channel := range first(snapshot.Channels, consoleRows) {
		state.Channels = append(state.Channels, newConsoleChannel(channel))
	}
	writeJSON(w, http.StatusOK, state)
}

// snippetsAt returns snippets for whoever reached the console with this request:
// what it was sent to leads to the server, through a tunnel too.
func snippetsAt(r *http.Request, app pushertest.ServerConfig) []snippet {
	port := 80
	if _, number, err := net.SplitHostPort(r.Host); err == nil {
		port, _ = strconv.Atoi(number)
	}
	return snippets(hostOf(r.Host), port, app)
}

func newConsoleConnection(c pushertest.Connection) consoleConnection {
	return consoleConnection{
		SocketID: c.SocketID, UserID: c.UserID, Client: c.Client, RemoteAddr: c.RemoteAddr, Opened: c.Opened,
		Channels: append([]string{}, first(c.Channels, consoleDetails)...), ChannelCount: len(c.Channels),
	}
}

func newConsoleChannel(c pushertest.Channel) consoleChannel {
	channel := consoleChannel{Name: c.Name, SubscriptionCount: len(c.SocketIDs)}
	if len(c.Members) > 0 {
		users := len(c.Members)
		channel.UserCount = &users
	}
	for _, member := range first(c.Members, consoleDetails) {
		channel.Users = append(channel.Users, consoleUser{member.UserID, member.UserInfo})
	}
	if c.Cached != nil {
		cached := newConsoleEvent(*c.Cached)
		channel.Cached = &cached
	}
	return channel
}

// first returns at most n elements.
func first[E any](list []E, n int) []E { return list[:min(n, len(list))] }
