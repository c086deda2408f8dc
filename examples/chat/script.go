package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

const (
	// scriptFile is the build of pusher-js that can decrypt.
	scriptFile = "pusher-with-encryption.min.js"
	// scriptCDN is where Pusher publishes it.
	scriptCDN = "https://js.pusher.com/8.6.0/" + scriptFile
	// scriptPath is where the chat serves it, if it does.
	scriptPath = "/" + scriptFile
)

// installed is where "make e2e" puts pusher-js, seen from the repository.
var installed = filepath.Join("e2e", "node_modules", "pusher-js", "dist", "web")

// script is where pusher-js comes from: a file, or else a URL.
type script struct {
	file    string
	address *url.URL
}

// findScript returns what the flag -pusher-js means, and where it says nothing,
// what is installed, else the CDN's.
func findScript(from string) (script, error) {
	if from == "" {
		from = scriptCDN
		if _, err := os.Stat(filepath.Join(installed, scriptFile)); err == nil {
			from = installed
		}
	}
	if strings.Contains(from, "://") {
		address, err := url.Parse(from)
		switch {
		case err != nil:
			return script{}, fmt.Errorf("-pusher-js: %w", err)
		case address.Scheme != "https" && address.Scheme != "http" || address.Host == "":
			return script{}, errors.New("-pusher-js: a URL begins with https:// or http:// and a host")
		case strings.ContainsAny(address.Host, "; '\","):
			return script{}, errors.New("-pusher-js: the URL's host is malformed")
		}
		return script{address: address}, nil
	}
	file := filepath.Join(from, scriptFile)
	if _, err := os.Stat(file); err != nil {
		return script{}, fmt.Errorf("-pusher-js: %w", err)
	}
	return script{file: file}, nil
}

func (s script) String() string {
	if s.address != nil {
		return s.address.Redacted()
	}
	return s.file
}

// url is what the page loads.
func (s script) url() string {
	if s.address != nil {
		return s.address.String()
	}
	return scriptPath
}

// source is what a Content-Security-Policy must allow beside 'self'.
func (s script) source() string {
	if s.address != nil {
		return " " + s.address.Scheme + "://" + s.address.Host
	}
	return ""
}

func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.address != nil {
		http.NotFound(w, r)
		return
	}
	http.ServeFile(w, r, s.file)
}
