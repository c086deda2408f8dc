package main

import (
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/pusher"
)

var (
	//go:embed page
	page embed.FS

	templates = template.Must(template.ParseFS(page, "page/*.html"))
)

// pageFiles serves what the pages refer to.
func pageFiles() http.Handler {
	files := http.FileServerFS(page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".css") && !strings.HasSuffix(r.URL.Path, ".js") {
			http.NotFound(w, r) // no directories, no templates
			return
		}
		files.ServeHTTP(w, r)
	})
}

// setting is what the chat's page is told, as JSON.
type setting struct {
	User       string     `json:"user"`
	MaxText    int        `json:"max_text"`
	Rooms      []roomView `json:"rooms"`
	Connection connection `json:"connection"`
}

// roomView is a room as one user sees it.
type roomView struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	About   string `json:"about"`
	Channel string `json:"channel"`
	Admits  bool   `json:"admits"`
}

func (c *chat) servePage(w http.ResponseWriter, r *http.Request) {
	user, ok := c.sessions.user(r)
	if !ok {
		c.renderLogin(w, http.StatusOK, "")
		return
	}
	s := setting{User: user, MaxText: maxText, Connection: newConnection(c.channels.cfg)}
	for _, r := range c.rooms {
		s.Rooms = append(s.Rooms, roomView{ID: r.ID, Title: r.Title, About: r.About, Channel: r.Channel, Admits: r.admits(user)})
	}
	c.render(w, http.StatusOK, "chat.html", struct {
		Setting setting
		Script  string
	}{s, c.script.url()})
}

func (c *chat) renderLogin(w http.ResponseWriter, status int, complaint string) {
	c.render(w, status, "login.html", struct{ Complaint string }{complaint})
}

func (c *chat) render(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := templates.ExecuteTemplate(w, name, data); err != nil {
		c.logger.Error("a page was not written: " + err.Error())
	}
}

// connection is where browsers reach Channels, in terms of pusher-js: by its
// cluster, or a server of one's own by its address.
type connection struct {
	Key     string `json:"key"`
	Cluster string `json:"cluster"`
	TLS     bool   `json:"tls"`
	Host    string `json:"host,omitempty"`
	Port    int    `json:"port,omitempty"`
	Path    string `json:"path,omitempty"`
}

func newConnection(cfg pusher.Config) connection {
	if cluster, ok := hostedCluster(cfg.Host); ok {
		return connection{Key: cfg.Key, Cluster: cluster, TLS: true}
	}
	c := connection{
		Key: cfg.Key, Cluster: "none", TLS: !cfg.DisableTLS,
		Host: cfg.Host, Port: cfg.Port, Path: cfg.PathPrefix,
	}
	if c.Port == 0 {
		c.Port = 443
		if cfg.DisableTLS {
			c.Port = 80
		}
	}
	return c
}

// hostedCluster returns the cluster of a host of hosted Channels' HTTP API.
func hostedCluster(host string) (cluster string, ok bool) {
	switch host {
	case "api.pusherapp.com", "api.pusher.com":
		return pusher.DefaultCluster, true
	}
	if cluster, ok = strings.CutPrefix(host, "api-"); ok {
		cluster, ok = strings.CutSuffix(cluster, ".pusher.com")
	}
	return cluster, ok
}

// origin is where the WebSocket leads.
func (c connection) origin() string {
	switch {
	case c.Host == "":
		return "wss://ws-" + c.Cluster + ".pusher.com"
	case c.TLS:
		return "wss://" + c.host() + ":" + strconv.Itoa(c.Port)
	default:
		return "ws://" + c.host() + ":" + strconv.Itoa(c.Port)
	}
}

func (c connection) host() string {
	if strings.Contains(c.Host, ":") {
		return "[" + c.Host + "]"
	}
	return c.Host
}

// contentPolicy lets the pages do what they need and nothing else.
func contentPolicy(s script, c connection) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'" + s.source(),
		"style-src 'self'",
		"img-src data:",
		"connect-src 'self' " + c.origin(),
		"form-action 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
