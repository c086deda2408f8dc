package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestConsoleRefusesOtherWebsites(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	for name, header := range map[string][]string{
		"rebinding":                    {"Host", "rebound.example"},
		"rebinding, by its own origin": {"Host", "rebound.example:8090", "Origin", "http://rebound.example:8090", "Sec-Fetch-Site", "same-origin"},
		"a name that only looks local": {"Host", "localhost.example"},
		"another address":              {"Host", "192.0.2.1"},
		"no name":                      {"Host", ":8090"},
		"another website":              {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"another port":                 {"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, request := range [][2]string{
				{http.MethodGet, "/console/state"},
				{http.MethodGet, "/console/stream"},
				{http.MethodPost, "/console/trigger"},
			} {
				got := s.ask(t, request[0], request[1], consoleEventJSON, append(header, "Content-Type", "application/json")...)
				assert.Equal(t, http.StatusForbidden, got.status, request[1])
				assert.NotContains(t, got.body, "app-key")
				assert.Equal(t, consolePolicy, got.header.Get("Content-Security-Policy"))
			}
			assert.Empty(t, s.Requests())
		})
	}
	for name, origin := range map[string]string{"of old browsers": "http://evil.example", "of a sandbox": "null"} {
		got := s.ask(t, http.MethodPost, "/console/trigger", consoleEventJSON, "Content-Type", "application/json", "Origin", origin)
		assert.Equal(t, http.StatusForbidden, got.status, name)
	}
	assert.Empty(t, s.Requests())
	link := s.ask(t, http.MethodGet, "/", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
	assert.Equal(t, http.StatusOK, link.status, "a link leads to the page")
}

func TestConsoleHosts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		listens, host string
		want          bool
	}{
		{"127.0.0.1", "127.0.0.1:8090", true},
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.1", "127.9.9.9:1", true},
		{"127.0.0.1", "[::1]:8090", true},
		{"127.0.0.1", "[::1]", true},
		{"127.0.0.1", "LocalHost:8090", true},
		{"127.0.0.1", "", false},
		{"127.0.0.1", "192.0.2.1:8090", false},
		{"127.0.0.1", "box.example:8090", false},
		{"Box.example", "box.EXAMPLE:8090", true},
		{"box.example", "other.example:8090", false},
		{"192.0.2.1", "192.0.2.1:8090", true},
		{"192.0.2.1", "192.0.2.2:8090", false},
		{"0.0.0.0", "192.0.2.1:8090", true},
		{"::", "[2001:db8::1]:8090", true},
		{"", "192.0.2.1:8090", true},
		{"", "", false},
		{"0.0.0.0", "rebound.example:8090", false},
	} {
		assert.Equal(t, test.want, newHostGuard(test.listens).allows(hostOf(test.host)), "%q at %q", test.host, test.listens)
	}
}
