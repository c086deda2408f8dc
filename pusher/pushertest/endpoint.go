package pushertest

import (
	"net/http"
	"net/url"
	"strings"
)

// endpoint is one call of the HTTP API.
type endpoint struct {
	method string
	serve  func(a *App, c *apiCall) (any, error)
}

// find returns the app and the endpoint at path, which begins with "/apps/", and
// the channel or user that the path names.
func (s *Server) find(path string) (a *App, e endpoint, name string, err error) {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if segments[i], err = url.PathUnescape(segment); err != nil {
			return nil, e, "", badRequest("the path is badly escaped")
		}
	}
	if len(segments) < 4 || segments[0] != "" || segments[1] != "apps" {
		return nil, e, "", errNoSuchPath
	}
	if a = s.byID[segments[2]]; a == nil {
		return nil, e, "", refuse(http.StatusNotFound, "the app is unknown")
	}
	switch rest := segments[3:]; {
	case len(rest) == 1 && rest[0] == "events":
		return a, endpoint{http.MethodPost, (*App).serveTrigger}, "", nil
	case len(rest) == 1 && rest[0] == "batch_events":
		return a, endpoint{http.MethodPost, (*App).serveBatch}, "", nil
	case len(rest) == 1 && rest[0] == "channels":
		return a, endpoint{http.MethodGet, (*App).serveChannels}, "", nil
	case len(rest) == 2 && rest[0] == "channels":
		return a, endpoint{http.MethodGet, (*App).serveChannel}, rest[1], nil
	case len(rest) == 3 && rest[0] == "channels" && rest[2] == "users":
		return a, endpoint{http.MethodGet, (*App).serveUsers}, rest[1], nil
	case len(rest) == 3 && rest[0] == "users" && rest[2] == "terminate_connections":
		return a, endpoint{http.MethodPost, (*App).serveTerminate}, rest[1], nil
	}
	return nil, e, "", errNoSuchPath
}

// signedPath is the path as it was sent, which is what its sender signed.
func (s *Server) signedPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") { // a proxy may send the absolute form
		path = r.URL.EscapedPath()
	}
	if s.cfg.UnsignedPathPrefix {
		path = strings.TrimPrefix(path, s.cfg.PathPrefix)
	}
	return path
}

// parseQuery returns the parameters with names in lower case. It refuses a
// parameter that is there twice: which of the two counts differs between servers.
func parseQuery(raw string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("the query is malformed")
	}
	query := make(map[string]string, len(values))
	for name, list := range values {
		name = strings.ToLower(name)
		if _, twice := query[name]; twice || len(list) > 1 {
			return nil, badRequest("the parameter %q is there twice", name)
		}
		query[name] = list[0]
	}
	return query, nil
}
