package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const consoleEventJSON = `{"channel":"my-channel","event":"my-event","data":"{\"hello\":\"world\"}","socket_id":""}`

func TestConsoleTrigger(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	subscriber := s.subscribe(t, "", "my-channel")
	got := s.ask(t, http.MethodPost, "/console/trigger", consoleEventJSON, "Content-Type", "application/json", "Origin", s.web.URL, "Sec-Fetch-Site", "same-origin")
	assert.Equal(t, http.StatusOK, got.status)
	assert.JSONEq(t, `{"outcome":"accepted"}`, got.body)
	message, err := subscriber.Next(bounded(t))
	require.NoError(t, err)
	assert.Equal(t, "my-event", message.Event)
	assert.JSONEq(t, `{"hello":"world"}`, message.Data)
	require.Len(t, s.Requests(), 1)
	assert.NotEmpty(t, s.Requests()[0].Header.Get("X-Pusher-Library"), "it went through the SDK")
}

func TestConsoleTriggerRefuses(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	for _, test := range []struct {
		name, kind, body string
		status           int
		want             string
	}{
		{"a form", "application/x-www-form-urlencoded", "channel=a", http.StatusUnsupportedMediaType, "Content-Type"},
		{"text that is JSON", "text/plain", consoleEventJSON, http.StatusUnsupportedMediaType, "Content-Type"},
		{"no type", "", consoleEventJSON, http.StatusUnsupportedMediaType, "Content-Type"},
		{"no JSON", "application/json", "{", http.StatusBadRequest, "not an event"},
		{"an unknown field", "application/json", `{"secret":"x"}`, http.StatusBadRequest, "not an event"},
		{"no channel", "application/json", `{"event":"e","data":""}`, http.StatusUnprocessableEntity, "channel"},
		{"a bad channel", "application/json", `{"channel":"a b","event":"e","data":""}`, http.StatusUnprocessableEntity, "channel"},
		{"a bad socket id", "application/json", `{"channel":"a","event":"e","data":"","socket_id":"x"}`, http.StatusUnprocessableEntity, "socket"},
		{"an encrypted channel", "application/json", `{"channel":"private-encrypted-a","event":"e","data":""}`, http.StatusUnprocessableEntity, "no master key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := s.ask(t, http.MethodPost, "/console/trigger", test.body, "Content-Type", test.kind)
			assert.Equal(t, test.status, got.status)
			assert.Contains(t, got.body, test.want)
			assert.Empty(t, s.Requests())
		})
	}
}

func TestConsoleTriggerTellsARefusal(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	s.SetDisabled(true)
	got := s.ask(t, http.MethodPost, "/console/trigger", consoleEventJSON, "Content-Type", "application/json")
	assert.Equal(t, http.StatusBadGateway, got.status)
	assert.Contains(t, got.body, "the app is disabled")
	assert.NotContains(t, got.body, "auth_signature")
}
