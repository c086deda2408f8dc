package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// TestRun runs the program with its own server, from its first line to an interrupt.
func TestRun(t *testing.T) {
	t.Setenv(pusher.DefaultURLVariable, "")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, scriptFile), []byte("the script"), 0o600))
	ctx, interrupt := context.WithCancel(deadline(t))
	output, written := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-addr", "127.0.0.1:0", "-pusher-js", dir}, written, io.Discard)
		written.CloseWithError(io.EOF)
		ended <- err
	}()
	lines := bufio.NewScanner(output)
	require.True(t, lines.Scan())
	address, ok := strings.CutPrefix(lines.Text(), "The chat is at ")
	require.True(t, ok, lines.Text())
	for !strings.Contains(lines.Text(), "It sees:") {
		require.True(t, lines.Scan())
	}

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &http.Client{Transport: transport, Jar: jar}
	require.Equal(t, "the script", read200(t)(browser.Get(address+scriptPath)))
	read200(t)(browser.PostForm(address+"/login", url.Values{"name": {"ada"}}))
	request, err := json.Marshal(post{Room: "vault", Text: "only for us"})
	require.NoError(t, err)
	read200(t)(browser.Post(address+"/messages", "application/json", strings.NewReader(string(request))))
	require.True(t, lines.Scan())
	require.Contains(t, lines.Text(), "private-encrypted-vault")
	require.Contains(t, lines.Text(), `{"nonce":`)
	require.NotContains(t, lines.Text(), "only for us")

	interrupt()
	_, err = io.Copy(io.Discard, output)
	require.NoError(t, err)
	require.NoError(t, <-ended)
}

// read200 returns the body of an answer that must be a success.
func read200(t *testing.T) func(*http.Response, error) string {
	t.Helper()
	return func(answer *http.Response, err error) string {
		t.Helper()
		require.NoError(t, err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode)
		return string(body)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Setenv(pusher.DefaultURLVariable, "")
	for name, args := range map[string][]string{
		"no such flag":      {"-x"},
		"no such directory": {"-pusher-js", filepath.Join(t.TempDir(), "missing")},
		"no such address":   {"-addr", "127.0.0.1:99999"},
	} {
		require.Error(t, run(t.Context(), args, io.Discard, io.Discard), name)
	}
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, io.Discard, io.Discard), flag.ErrHelp)
}

// TestLocalSecretsAreNotPublic: those of pushertest are in its source.
func TestLocalSecretsAreNotPublic(t *testing.T) {
	t.Parallel()
	c, err := connect(func(string) string { return "" }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NotEqual(t, pushertest.DefaultSecret, c.cfg.Secret)
	require.NotEqual(t, pushertest.EncryptionMasterKeyBase64, c.cfg.EncryptionMasterKeyBase64)
	require.True(t, c.encrypts())
	require.NoError(t, c.close())
}

func TestConnectToAnotherServer(t *testing.T) {
	t.Parallel()
	variables := map[string]string{"PUSHER_URL": "https://key:s3cret@api-eu.pusher.com/apps/4"}
	getenv := func(name string) string { return variables[name] }
	logger := slog.New(slog.DiscardHandler)
	c, err := connect(getenv, logger)
	require.NoError(t, err)
	require.Nil(t, c.local)
	require.False(t, c.encrypts())
	var out strings.Builder
	c.describe(&out)
	<-c.print(t.Context(), &out)
	require.Contains(t, out.String(), "api-eu.pusher.com")
	require.Contains(t, out.String(), masterKeyVariable)
	require.NotContains(t, out.String(), "s3cret")
	require.NoError(t, c.close())

	variables[masterKeyVariable] = pushertest.EncryptionMasterKeyBase64
	c, err = connect(getenv, logger)
	require.NoError(t, err)
	require.True(t, c.encrypts())
	require.NoError(t, c.close())

	variables[masterKeyVariable] = "too short"
	_, err = connect(getenv, logger)
	require.ErrorContains(t, err, "EncryptionMasterKey")
	variables["PUSHER_URL"] = "https://api-eu.pusher.com"
	_, err = connect(getenv, logger)
	require.ErrorContains(t, err, "PUSHER_URL")
}

// TestTerminalIsSafe from what clients send past this program.
func TestTerminalIsSafe(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	printActivity(&out, pushertest.Activity{
		Kind:  pushertest.ActivityClientEvent,
		Event: pushertest.Event{Channel: "presence-lobby", Name: "client-\u009b2J", Data: "\x1b[2J"},
	})
	require.Empty(t, out.String())
}
