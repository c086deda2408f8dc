package main

import (
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// consoleText is how many bytes of a body the console shows. A page that keeps 500
// of them must not fill the memory.
const consoleText = 32 << 10

// consoleActivity is a [pushertest.Activity] as a page is told it. It has nothing
// that signs: no signatures, no headers.
type consoleActivity struct {
	Number     uint64          `json:"number"`
	Missed     int             `json:"missed,omitempty"`
	Time       time.Time       `json:"time"`
	Kind       string          `json:"kind"`
	SocketID   string          `json:"socket_id,omitempty"`
	UserID     string          `json:"user_id,omitempty"`
	Channel    string          `json:"channel,omitempty"`
	Code       int             `json:"code,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	Event      *consoleEvent   `json:"event,omitempty"`
	Recipients *int            `json:"recipients,omitempty"`
	Request    *consoleRequest `json:"request,omitempty"`
	Webhook    *consoleWebhook `json:"webhook,omitempty"`
}

type consoleEvent struct {
	Name string `json:"name"`
	Data text   `json:"data"`
	// ExcludedSocketID is the connection that did not get it.
	ExcludedSocketID string `json:"excluded_socket_id,omitempty"`
}

type consoleRequest struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	// Query is without the parameters of the signature.
	Query    string `json:"query,omitempty"`
	Body     text   `json:"body"`
	Accepted bool   `json:"accepted"`
	// Status is 0 if there was no answer.
	Status int `json:"status"`
}

type consoleWebhook struct {
	Number    int      `json:"number"`
	Attempt   int      `json:"attempt"`
	Events    []string `json:"events"`
	Body      text     `json:"body"`
	Delivered bool     `json:"delivered"`
	// Status is 0 if there was no answer, and Error says why.
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
}

// text is what somebody sent, or its beginning.
type text struct {
	Text string `json:"text"`
	// Bytes is the length of all of it.
	Bytes int `json:"bytes"`
}

func newConsoleActivity(a pushertest.Activity) consoleActivity {
	activity := consoleActivity{
		Number: a.Number, Missed: a.Missed, Time: a.Time, Kind: string(a.Kind),
		SocketID: a.SocketID, UserID: a.UserID, Channel: a.Channel, Code: a.Code, Reason: a.Reason,
	}
	switch a.Kind {
	case pushertest.ActivityEvent, pushertest.ActivityClientEvent:
		event := newConsoleEvent(a.Event)
		activity.Event, activity.Recipients = &event, &a.Recipients
	case pushertest.ActivityRequest:
		if a.Request != nil {
			activity.Request = newConsoleRequest(a.Request)
		}
	case pushertest.ActivityWebhook:
		if a.Webhook != nil {
			activity.Webhook = newConsoleWebhook(a.Webhook)
		}
	default:
	}
	return activity
}

func newConsoleEvent(e pushertest.Event) consoleEvent {
	return consoleEvent{Name: e.Name, Data: newText(e.Data), ExcludedSocketID: e.SocketID}
}

func newConsoleRequest(r *pushertest.Request) *consoleRequest {
	query := url.Values{}
	for name, values := range r.Query {
		if lower := strings.ToLower(name); !strings.HasPrefix(lower, "auth_") && lower != "body_md5" {
			query[name] = values
		}
	}
	return &consoleRequest{
		Method: r.Method, Path: r.Path, Query: query.Encode(), Body: newText(r.Body),
		Accepted: r.Accepted, Status: r.Status,
	}
}

func newConsoleWebhook(h *pushertest.Webhook) *consoleWebhook {
	webhook := &consoleWebhook{
		Number: h.Number, Attempt: h.Attempt, Events: []string{}, Body: newText(h.Body),
		Delivered: h.Delivered(), Status: h.Status,
	}
	for _, event := range first(h.Events, consoleDetails) {
		webhook.Events = append(webhook.Events, event.Name)
	}
	if err := h.Err; err != nil {
		// The URL may have a secret in it.
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		webhook.Error = err.Error()
	}
	return webhook
}

func newText(s string) text {
	bytes := len(s)
	if bytes > consoleText {
		s = s[:consoleText]
		// A letter that was cut in two goes as a whole.
		for range utf8.UTFMax - 1 {
			if last, size := utf8.DecodeLastRuneInString(s); last == utf8.RuneError && size == 1 {
				s = s[:len(s)-1]
			}
		}
	}
	return text{s, bytes}
}
