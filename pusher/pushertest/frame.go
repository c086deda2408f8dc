package pushertest

import (
	"encoding/json"
	"time"
)

// protocolVersion is the one version of the WebSocket protocol that the server
// speaks.
const protocolVersion = 7

// Close codes and codes of pusher:error.
// (https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/#error-codes)
const (
	closeTLSOnly            = 4000
	closeUnknownApp         = 4001
	closeAppDisabled        = 4003
	closeOverQuota          = 4004
	closeNoSuchPath         = 4005
	closeInvalidVersion     = 4006
	closeUnsupportedVersion = 4007
	closeNoVersion          = 4008
	closeUnauthorized       = 4009
	closeNoPong             = 4201
	errorClientEventRate    = 4301
	errorWatchlist          = 4302
	// errorLimit is what a full presence channel is reported with.
	errorLimit = 4004
)

// activitySeconds is how many seconds of silence clients are told make them send a
// ping of their own.
func activitySeconds(timeout time.Duration) int {
	if timeout < 0 {
		return 120
	}
	return max(int(timeout/time.Second), 1)
}

// outFrame is what the server sends.
type outFrame struct {
	Event   string `json:"event"`
	Channel string `json:"channel,omitempty"`
	// Data is a string in whatever comes from the server or the HTTP API.
	Data any `json:"data,omitempty"`
	// UserID is the sender of a client event on a presence channel.
	UserID string `json:"user_id,omitempty"`
}

// inFrame is what a client sends.
type inFrame struct {
	Event   string          `json:"event"`
	Channel string          `json:"channel,omitempty"`
	Data    json.RawMessage `json:"data"`
}

// serverFrame is a frame whose data is the JSON text of data.
func serverFrame(event, channel string, data any) []byte {
	return dataFrame(event, channel, string(encodeJSON(data)))
}

// dataFrame is a frame with data as it is.
func dataFrame(event, channel, data string) []byte {
	return encodeJSON(outFrame{Event: event, Channel: channel, Data: data})
}

// errorFrame is a complaint that is about no subscription. A code of 0 stands for
// none.
func errorFrame(code int, message string) []byte {
	data := map[string]any{"message": message, "code": nil}
	if code != 0 {
		data["code"] = code
	}
	return serverFrame("pusher:error", "", data)
}
