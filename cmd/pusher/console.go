package main

import (
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

//go:embed console
var consoleFiles embed.FS

// consolePolicy lets the page load nothing but its own script and style, and write
// nothing but text into itself. The icon is a data URL.
const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// console shows a server in a browser: the page at "/", and what it asks for below
// "/console/". It knows the app's secret, and tells nobody.
type console struct {
	channels *pushertest.Server
	app      pushertest.ServerConfig
	guard    hostGuard
	// client triggers events the way every SDK does, over a connection in memory.
	client    *pusher.Client
	transport *http.Transport
	mux       *http.ServeMux

	// lifetime ends when close is called.
	lifetime context.Context //nolint:containedctx // that of the console, not of a call
	end      context.CancelFunc
	// streams counts the pages that are being told what happens.
	streams atomic.Int32
	// heartbeat is how often a stream on which nothing happens says so.
	heartbeat time.Duration
}

// newConsole returns the console of a server that listens at host. The caller must
// call close.
func newConsole(channels *pushertest.Server, app pushertest.ServerConfig, host string) (*console, error) {
	transport := nethttp.NewTransport()
	transport.Proxy = nil
	transport.DialContext = channels.DialContext
	cfg := channels.Config()
	cfg.Backend = nethttp.New(&http.Client{Transport: transport})
	// The one that comes with the server is not that of the app's users.
	cfg.EncryptionMasterKeyBase64 = ""
	client, err := pusher.New(cfg)
	if err != nil {
		return nil, err
	}
	c := &console{
		channels: channels, app: app, guard: newHostGuard(host),
		client: client, transport: transport, mux: http.NewServeMux(), heartbeat: 15 * time.Second,
	}
	c.lifetime, c.end = context.WithCancel(context.Background())
	files, err := fs.Sub(consoleFiles, "console")
	if err != nil {
		return nil, err
	}
	static := http.FileServerFS(files)
	c.mux.Handle("GET /{$}", static)
	for _, name := range []string{"console.css", "console.js", "format.js"} {
		c.mux.Handle("GET /console/"+name, http.StripPrefix("/console", static))
	}
	c.mux.HandleFunc("GET /console/state", c.serveState)
	c.mux.HandleFunc("GET /console/stream", c.serveStream)
	c.mux.HandleFunc("POST /console/trigger", c.serveTrigger)
	return c, nil
}

// close ends all streams. It does not wait for them: the HTTP server does.
func (c *console) close() {
	c.end()
	c.transport.CloseIdleConnections()
}

// handler serves the console's paths, and has next serve all others.
func (c *console) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The mux is not asked for others: it cleans paths, which are signed as sent.
		own := r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/console/")
		if !own || r.Header.Get("Upgrade") != "" {
			next.ServeHTTP(w, r)
			return
		}
		c.ServeHTTP(w, r)
	})
}

// ServeHTTP implements [http.Handler].
func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", consolePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	if refusal := c.guard.check(r); refusal != "" {
		writeProblem(w, http.StatusForbidden, refusal)
		return
	}
	c.mux.ServeHTTP(w, r)
}

// problem is the answer to a request that was not carried out.
type problem struct {
	Error string `json:"error"`
}

func writeProblem(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, problem{text})
}

func writeJSON(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) //nolint:errchkjson // fails only if the page has gone
}
