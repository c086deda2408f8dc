package pushertest

import "encoding/json"

// protocolVersion is the one version of the WebSocket protocol that the server
// speaks.
const protocolVersion = "7"

// activityTimeout is how many seconds of silence make a client send a ping. The
// server does not hang up on silent clients.
const activityTimeout = 120

// Close codes and codes of pusher:error.
// (https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/#error-codes)
const (
	closeUnknownApp         = 4001
	closeUnsupportedVersion = 4007
	closeUnauthorized       = 4009
	errorClientEventRate    = 4301
	// errorMembers is what soketi reports for a full presence channel.
	errorMembers = 4004
)

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
