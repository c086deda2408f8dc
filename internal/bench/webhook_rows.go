package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// webhookRows verify and decode a webhook, against the keyed HMAC of the same body
// and one Unmarshal of it into the same fields.
func webhookRows() []row {
	return []row{
		webhookRow("webhook, 1 event", goal{ratio: 1.3}, 1),
		webhookRow("webhook, 3 events", goal{ratio: 1.2}, 3),
		webhookRow("webhook, 10 events", goal{ratio: 1.2}, 10),
	}
}

func webhookRow(name string, g goal, events int) row {
	return paired(name, g, func() (pair, error) {
		client, err := newClient(nil)
		if err != nil {
			return pair{}, err
		}
		body, err := webhookBody(events)
		if err != nil {
			return pair{}, err
		}
		d := newDigest()
		d.hmac(body)
		header := http.Header{"X-Pusher-Key": {key}, "X-Pusher-Signature": {string(d.hex[:])}}
		hook, err := client.Webhook(header, body)
		if err != nil {
			return pair{}, err
		}
		if len(hook.Events) != events {
			return pair{}, errFloor
		}
		return pair{
			subject: repeat(func() error {
				_, err := client.Webhook(header, body)
				return err
			}),
			floor: repeat(func() error {
				d.hmac(body)
				var w webhook
				return json.Unmarshal(body, &w)
			}),
		}, nil
	})
}

// webhook has the fields of the protocol's webhooks.
type webhook struct {
	TimeMS int64          `json:"time_ms"`
	Events []webhookEvent `json:"events"`
}

type webhookEvent struct {
	Name              string `json:"name"`
	Channel           string `json:"channel"`
	UserID            string `json:"user_id,omitempty"`
	Event             string `json:"event,omitempty"`
	Data              string `json:"data,omitempty"`
	SocketID          string `json:"socket_id,omitempty"`
	SubscriptionCount int    `json:"subscription_count,omitempty"`
}

// webhookBody returns a webhook of so many events, of the kinds that are common.
func webhookBody(events int) ([]byte, error) {
	w := webhook{TimeMS: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()}
	for i := range events {
		room := fmt.Sprintf("room-%d", 218+i)
		user := fmt.Sprintf("u-%d", 1042+i)
		kinds := []webhookEvent{
			{Name: "channel_occupied", Channel: room},
			{Name: "member_added", Channel: "presence-" + room, UserID: user},
			{Name: "client_event", Channel: "presence-" + room, Event: "client-typing", Data: `{"typing":true}`, SocketID: "1234.1234", UserID: user},
			{Name: "subscription_count", Channel: room, SubscriptionCount: 12 + i},
		}
		w.Events = append(w.Events, kinds[i%len(kinds)])
	}
	return json.Marshal(w)
}
