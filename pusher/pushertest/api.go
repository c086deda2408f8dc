package pushertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// endpoint is one call of the HTTP API.
type endpoint struct {
	method string
	serve  func(s *Server, c *apiCall) (any, error)
}

// apiCall is a request whose signature was verified.
type apiCall struct {
	// name is the channel or the user of the path, "" where there is none.
	name   string
	query  map[string]string
	header http.Header
	body   []byte
}

// apiError is a refusal. Its reason becomes the body of the answer.
type apiError struct {
	status int
	reason string
}

func (e *apiError) Error() string { return e.reason }

func refuse(status int, format string, args ...any) *apiError {
	return &apiError{status: status, reason: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, format, args...)
}

var errNoSuchPath = refuse(http.StatusNotFound, "there is nothing at this path")

// route serves one HTTP request, of the API or of a WebSocket client.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.cfg.Now().UTC().Format(http.TimeFormat))
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), s.cfg.PathPrefix)
	if key, isClient := strings.CutPrefix(path, "/app/"); ok && isClient {
		s.serveClient(w, r, key) //nolint:contextcheck // it lives as long as the server, not the request
		return
	}
	if !ok {
		answer(w, nil, errNoSuchPath)
		return
	}
	result, err := s.serveAPI(w, r, path)
	answer(w, result, err)
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, path string) (any, error) {
	e, name, err := s.find(path)
	if err != nil {
		return nil, err
	}
	if r.Method != e.method {
		w.Header().Set("Allow", e.method)
		return nil, refuse(http.StatusMethodNotAllowed, "the method must be %s", e.method)
	}
	body, err := readBody(http.MaxBytesReader(w, r.Body, int64(s.cfg.Limits.RequestBytes)))
	if err != nil {
		return nil, err
	}
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	if err := s.verify(r.Method, s.signedPath(r), query, body); err != nil {
		return nil, err
	}
	return e.serve(s, &apiCall{name: name, query: query, header: r.Header, body: body})
}

// find returns the endpoint at path, which begins with "/apps/", and the channel
// or user that the path names.
func (s *Server) find(path string) (endpoint, string, error) {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		var err error
		if segments[i], err = url.PathUnescape(segment); err != nil {
			return endpoint{}, "", badRequest("the path is badly escaped")
		}
	}
	if len(segments) < 4 || segments[0] != "" || segments[1] != "apps" {
		return endpoint{}, "", errNoSuchPath
	}
	if segments[2] != s.cfg.AppID {
		return endpoint{}, "", refuse(http.StatusNotFound, "the app is unknown")
	}
	switch rest := segments[3:]; {
	case len(rest) == 1 && rest[0] == "events":
		return endpoint{http.MethodPost, (*Server).serveTrigger}, "", nil
	case len(rest) == 1 && rest[0] == "batch_events":
		return endpoint{http.MethodPost, (*Server).serveBatch}, "", nil
	case len(rest) == 1 && rest[0] == "channels":
		return endpoint{http.MethodGet, (*Server).serveChannels}, "", nil
	case len(rest) == 2 && rest[0] == "channels":
		return endpoint{http.MethodGet, (*Server).serveChannel}, rest[1], nil
	case len(rest) == 3 && rest[0] == "channels" && rest[2] == "users":
		return endpoint{http.MethodGet, (*Server).serveUsers}, rest[1], nil
	case len(rest) == 3 && rest[0] == "users" && rest[2] == "terminate_connections":
		return endpoint{http.MethodPost, (*Server).serveTerminate}, rest[1], nil
	}
	return endpoint{}, "", errNoSuchPath
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

func readBody(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is longer than %d bytes", tooLarge.Limit)
	case err != nil:
		return nil, badRequest("the body broke off")
	}
	return body, nil
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

// fields is a JSON object whose names count as they are written.
type fields map[string]json.RawMessage

func parseFields(text []byte) (fields, error) {
	var f fields
	if !utf8.Valid(text) || json.Unmarshal(text, &f) != nil || f == nil {
		return nil, errors.New("is not a JSON object in UTF-8")
	}
	return f, nil
}

// text returns the string at name, and whether there is one. It fails if there is
// anything else.
func (f fields) text(name string) (value string, ok bool, err error) {
	raw, ok := f[name]
	if !ok {
		return "", false, nil
	}
	if bytes.HasPrefix(raw, []byte(`"`)) && json.Unmarshal(raw, &value) == nil {
		return value, true, nil
	}
	return "", false, badRequest("%s must be a string", name)
}

// answer writes the result as JSON, or the error's reason as text, as hosted
// Channels does.
func answer(w http.ResponseWriter, result any, err error) {
	var refusal *apiError
	switch {
	case errors.As(err, &refusal):
		http.Error(w, refusal.reason, refusal.status)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(encodeJSON(result))
	}
}

// encodeJSON encodes what the server itself has built, which cannot fail, without
// the HTML escapes that JSON does not need.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) //nolint:errchkjson // see above
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
