package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestPageTellsEachUserTheirRooms(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for user, want := range map[string]map[string]bool{
		"ada":     {"lobby": true, "team": true, "vault": true},
		"alan":    {"lobby": true, "team": true, "vault": false},
		"mallory": {"lobby": true, "team": false, "vault": false},
	} {
		got := s.enter(t, user).setting(t)
		admits := map[string]bool{}
		for _, room := range got.Rooms {
			admits[room.ID] = room.Admits
		}
		require.Equal(t, user, got.User)
		require.Equal(t, want, admits)
		require.Equal(t, s.srv.Config().Port, got.Connection.Port)
	}
}

func TestPageHasNoSecret(t *testing.T) {
	t.Parallel()
	s := setup(t)
	_, _, body := s.enter(t, "ada").get(t, "/")
	require.NotContains(t, body, s.srv.Config().Secret)
	require.NotContains(t, body, s.srv.Config().EncryptionMasterKeyBase64)
}

func TestWithoutMasterKeyThereIsNoVault(t *testing.T) {
	t.Parallel()
	s := setup(t, func(cfg *pusher.Config) { cfg.EncryptionMasterKeyBase64 = "" })
	v := s.enter(t, "ada")
	require.Len(t, v.setting(t).Rooms, 2)
	status, _, _ := v.say(t, "vault", "hello", "")
	require.Equal(t, http.StatusNotFound, status)
	status, _ = v.form(t, "/pusher/auth", url.Values{"socket_id": {"1.2"}, "channel_name": {"private-encrypted-vault"}})
	require.Equal(t, http.StatusForbidden, status)
}

// setting is what the page tells its script.
func (v *visitor) setting(t *testing.T) setting {
	t.Helper()
	_, status, body := v.get(t, "/")
	require.Equal(t, http.StatusOK, status)
	found := regexp.MustCompile(`(?s)<script id="setting" type="application/json">(.*?)</script>`).FindStringSubmatch(body)
	require.Len(t, found, 2, "%s", body)
	var s setting
	require.NoError(t, json.Unmarshal([]byte(found[1]), &s))
	return s
}

func TestEveryAnswerHasAPolicy(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.enter(t, "ada")
	for path, want := range map[string]int{
		"/": 200, "/page/chat.css": 200, "/page/chat.js": 200, "/missing": 404,
		"/page/": 404, "/page/chat.html": 404, "/page/login.html": 404, "/page/../main.go": 404,
		scriptPath: 404, "/messages": 405, "/login": 405, "/pusher/auth": 405,
	} {
		header, status, _ := v.get(t, path)
		require.Equal(t, want, status, path)
		policy := header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'; script-src 'self' https://cdn.example.com; ", path)
		require.Contains(t, policy, "connect-src 'self' "+strings.Replace(s.srv.URL(), "http", "ws", 1)+"; ", path)
		require.NotContains(t, policy, "unsafe")
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	}
}

func TestConnection(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]struct {
		connection connection
		origin     string
	}{
		"https://k:s@api-eu.pusher.com/apps/1":   {connection{Key: "k", Cluster: "eu", TLS: true}, "wss://ws-eu.pusher.com"},
		"http://k:s@api-eu.pusher.com/apps/1":    {connection{Key: "k", Cluster: "eu", TLS: true}, "wss://ws-eu.pusher.com"},
		"https://k:s@api.pusherapp.com/apps/1":   {connection{Key: "k", Cluster: "mt1", TLS: true}, "wss://ws-mt1.pusher.com"},
		"https://k:s@ws.example.com/here/apps/1": {connection{Key: "k", Cluster: "none", TLS: true, Host: "ws.example.com", Port: 443, Path: "/here"}, "wss://ws.example.com:443"},
		"http://k:s@soketi/apps/1":               {connection{Key: "k", Cluster: "none", Host: "soketi", Port: 80}, "ws://soketi:80"},
		"http://k:s@[::1]:6001/apps/1":           {connection{Key: "k", Cluster: "none", Host: "::1", Port: 6001}, "ws://[::1]:6001"},
	} {
		cfg, err := pusher.ConfigFromURL(address)
		require.NoError(t, err)
		got := newConnection(cfg)
		require.Equal(t, want.connection, got, address)
		require.Equal(t, want.origin, got.origin(), address)
	}
}

func TestScriptFromDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := findScript(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(filepath.Join(dir, scriptFile), []byte("the script"), 0o600))
	s, err := findScript(dir)
	require.NoError(t, err)
	require.Equal(t, scriptPath, s.url())
	require.Empty(t, s.source())
}

func TestScriptFromURL(t *testing.T) {
	t.Parallel()
	s, err := findScript("http://127.0.0.1:8000/js/pusher.js")
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:8000/js/pusher.js", s.url())
	require.Equal(t, " http://127.0.0.1:8000", s.source())
	for _, bad := range []string{"ftp://example.com/pusher.js", "https://", "https:///pusher.js", "https://a;b/pusher.js", "https://exa mple/"} {
		_, err := findScript(bad)
		require.ErrorContains(t, err, "-pusher-js", bad)
	}
}

// TestScriptByDefault runs in a directory where nothing is installed.
func TestScriptByDefault(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := findScript("")
	require.NoError(t, err)
	require.Equal(t, scriptCDN, s.url())
	require.NoError(t, os.MkdirAll(installed, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(installed, scriptFile), []byte("the script"), 0o600))
	s, err = findScript("")
	require.NoError(t, err)
	require.Equal(t, scriptPath, s.url())
}
