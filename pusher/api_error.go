package pusher

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-588517f9/pusher-go/backend"
)

const (
	maxErrorBody    = 16 << 10
	maxErrorMessage = 512
)

// apiError makes the error of an answer that is not a success.
func (c *Client) apiError(op string, status int, res backend.Response) *APIError {
	now := c.now()
	e := &APIError{
		Op: op, StatusCode: status, Message: errorMessage(res), Body: res.Body,
		Attempts: res.Attempts, Uncertain: res.Uncertain,
	}
	if len(e.Body) > maxErrorBody {
		e.Body = e.Body[:maxErrorBody:maxErrorBody]
	}
	e.RetryAfter, _ = res.RetryAfter(now)
	if status == http.StatusUnauthorized {
		if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
			e.ClockSkew = now.Sub(date).Round(1e9)
		}
	}
	return e
}

// errorMessage finds the reason in an error's body: text, {"error":…},
// {"message":…} or a map of fields to complaints (Reverb's 422).
func errorMessage(res backend.Response) string {
	if res.StatusCode >= 300 && res.StatusCode <= 399 {
		return redirectMessage(res)
	}
	body := strings.TrimSpace(string(res.Body[:min(len(res.Body), maxErrorBody)]))
	if strings.HasPrefix(body, "<") {
		return "the answer is an HTML page; is Host the API's?"
	}
	message := body
	var fields map[string]any
	if json.Unmarshal(res.Body, &fields) == nil {
		message = messageOf(fields)
	}
	message = strings.Join(strings.Fields(backend.Redact(message)), " ")
	if len(message) > maxErrorMessage {
		message = message[:maxErrorMessage] + "…"
	}
	return strings.ToValidUTF8(message, string(utf8.RuneError))
}

func messageOf(fields map[string]any) string {
	for _, name := range []string{"error", "message"} {
		switch value := fields[name].(type) {
		case string:
			return value
		case map[string]any:
			return messageOf(value)
		}
	}
	if nested, ok := fields["errors"].(map[string]any); ok {
		return messageOf(nested)
	}
	var complaints []string
	for name, value := range fields {
		switch value := value.(type) {
		case string:
			complaints = append(complaints, name+": "+value)
		case []any:
			for _, v := range value {
				if s, ok := v.(string); ok {
					complaints = append(complaints, name+": "+s)
				}
			}
		}
	}
	slices.Sort(complaints)
	return strings.Join(complaints, "; ")
}

func redirectMessage(res backend.Response) string {
	message := "redirects are not followed; set Host to where the API is"
	if to, err := url.Parse(res.Header.Get("Location")); err == nil && to.Host != "" {
		message += " (" + to.Scheme + "://" + to.Host + "?)"
	}
	return message
}
