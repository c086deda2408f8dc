package pusher

import (
	"net/url"
)

// AuthRequest is what a client library sends to have a subscription authorized or
// a user authenticated.
type AuthRequest struct {
	// SocketID is the client's connection.
	SocketID string
	// Channel is the channel to authorize, empty when a user signs in.
	Channel string
	// Params holds all parameters, those that the app's own client adds too.
	Params url.Values
}

// ParseAuthRequest reads the body of an authorization request, the form that
// client libraries POST to /pusher/auth and /pusher/user-auth. It takes the bytes,
// so it serves every framework; the handlers of [Client] do all of it for
// net/http. A form without channel_name is that of a user who signs in: its
// Channel is empty. It fails with a [*ValidationError], to be answered with 400.
func ParseAuthRequest(body []byte) (AuthRequest, error) {
	params, err := url.ParseQuery(string(body))
	if err != nil {
		return AuthRequest{}, &ValidationError{Field: "body", Reason: "is not a urlencoded form with socket_id and channel_name"}
	}
	return newAuthRequest(params)
}

func newAuthRequest(params url.Values) (AuthRequest, error) {
	for _, name := range []string{"socket_id", "channel_name"} {
		if len(params[name]) > 1 {
			return AuthRequest{}, invalid(name, "is there twice")
		}
	}
	req := AuthRequest{SocketID: params.Get("socket_id"), Channel: params.Get("channel_name"), Params: params}
	if err := checkSocketID(req.SocketID); err != nil {
		return AuthRequest{}, err
	}
	if _, ok := params["channel_name"]; ok && !isName(req.Channel) {
		return AuthRequest{}, invalid("channel_name", "%s has characters outside A–Z a–z 0–9 _ - = @ , . ;", quoted(req.Channel))
	}
	return req, nil
}
