package pusher

import (
	"context"
	"net/http"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Get sends a signed GET for a path below the app's, such as "/channels", for
// calls that this SDK has no method for. Parameter names are lower-cased; those of
// the signature and paths that a proxy could read differently are refused. It
// returns the whole answer of a success, and fails as the other calls do.
func (c *Client) Get(ctx context.Context, path string, params map[string]string) (backend.Response, error) {
	call, err := c.rawCall(http.MethodGet, path, params, nil)
	if err != nil {
		return backend.Response{}, err
	}
	return c.send(ctx, c.backend, call)
}

// Post sends a signed POST for a path below the app's, such as "/events". A body
// of string, []byte or json.RawMessage is sent as it is, nil as {}, anything else
// as JSON. Nothing in it is encrypted. Otherwise it is like [Client.Get].
func (c *Client) Post(ctx context.Context, path string, params map[string]string, body any) (backend.Response, error) {
	call, err := c.rawPost(path, params, body)
	if err != nil {
		return backend.Response{}, err
	}
	return c.send(ctx, c.backend, call)
}

func (c *Client) rawPost(path string, params map[string]string, body any) (backend.Call, error) {
	text := "{}"
	if body != nil {
		var err error
		if text, err = c.encodeOnce(body); err != nil {
			return backend.Call{}, at("body", err)
		}
	}
	if text == "" {
		return backend.Call{}, invalid("body", "is empty; pass nil for {}")
	}
	return c.rawCall(http.MethodPost, path, params, []byte(text))
}

// SignedURL returns the absolute URL of a request for a path below the app's,
// signed now and good for 600 seconds, for other tools to send. The URL is a
// credential: keep it out of logs. method is "GET" or "POST"; body is what will be
// sent, nil for none.
func (c *Client) SignedURL(method, path string, params map[string]string, body []byte) (string, error) {
	if method != http.MethodGet && method != http.MethodPost {
		return "", invalid("method", "%s: want GET or POST", quoted(method))
	}
	call, err := c.rawCall(method, path, params, body)
	if err != nil {
		return "", err
	}
	return c.Request(call).URL(), nil
}

func (c *Client) rawCall(method, path string, params map[string]string, body []byte) (backend.Call, error) {
	if err := checkPath("path", path); err != nil {
		return backend.Call{}, err
	}
	if strings.HasPrefix(path, "/apps/") {
		return backend.Call{}, invalid("path", "%s is below /apps/{id} already: leave that out", quoted(path))
	}
	query, err := lowerParams(params)
	if err != nil {
		return backend.Call{}, err
	}
	if method == http.MethodGet {
		call := c.get("get", c.appPath+path, query)
		call.Body = body
		return call, nil
	}
	call := c.post("post", c.appPath+path, body)
	call.Query = query
	return call, nil
}

// lowerParams returns params with lower-case names, which all servers sign alike.
func lowerParams(params map[string]string) (map[string]string, error) {
	if len(params) == 0 {
		return nil, nil
	}
	lowered := make(map[string]string, len(params))
	for name, value := range params {
		lower := strings.ToLower(name)
		switch {
		case !only(lower, func(c byte) bool {
			return isAlphanumeric(c) || c == '_' || c == '-' || c == '.' || c == '[' || c == ']'
		}):
			return nil, invalid("params", "%s is not a parameter name", quoted(name))
		case strings.HasPrefix(lower, "auth_") || lower == "body_md5":
			return nil, invalid("params", "%s belongs to the signature, leave it out", quoted(name))
		}
		if _, twice := lowered[lower]; twice {
			return nil, invalid("params", "%s is there twice, in lower and upper case", quoted(lower))
		}
		lowered[lower] = value
	}
	return lowered, nil
}
