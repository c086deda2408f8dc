package main

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// consoleBody bounds what the form sends, in bytes.
const consoleBody = 1 << 20

// consoleTrigger is what the form sends.
type consoleTrigger struct {
	Channel string `json:"channel"`
	Event   string `json:"event"`
	// Data is sent as it is.
	Data string `json:"data"`
	// SocketID is the connection that does not get the event, "" for none.
	SocketID string `json:"socket_id"`
}

// serveTrigger triggers an event through the SDK, so that everything which that
// checks and the server refuses can be seen on the page.
func (c *console) serveTrigger(w http.ResponseWriter, r *http.Request) {
	// Forms of other websites cannot send this type.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		writeProblem(w, http.StatusUnsupportedMediaType, "the Content-Type must be application/json")
		return
	}
	var event consoleTrigger
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, consoleBody))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&event) != nil {
		writeProblem(w, http.StatusBadRequest, "the body is not an event, or longer than 1 MiB")
		return
	}
	if strings.HasPrefix(event.Channel, "private-encrypted-") {
		writeProblem(w, http.StatusUnprocessableEntity, "The console has no master key for encrypted channels. Use your app, or pusher trigger with --encryption-master-key.")
		return
	}
	var options []pusher.TriggerOption
	if event.SocketID != "" {
		options = append(options, pusher.ExcludeSocket(event.SocketID))
	}
	if _, err := c.client.Trigger(r.Context(), event.Channel, event.Event, event.Data, options...); err != nil {
		status := http.StatusBadGateway
		if _, ok := errors.AsType[*pusher.ValidationError](err); ok {
			status = http.StatusUnprocessableEntity
		}
		writeProblem(w, status, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Outcome string `json:"outcome"`
	}{pusher.Accepted.String()})
}
