package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// batchEvents is how many events go into one call: what every server takes.
const batchEvents = 10

// batchLine is one line of a batch file. The names are those of the HTTP API.
type batchLine struct {
	Channel        string          `json:"channel"`
	Name           string          `json:"name"`
	Data           json.RawMessage `json:"data"`
	SocketID       string          `json:"socket_id"`
	Info           string          `json:"info"`
	IdempotencyKey string          `json:"idempotency_key"`
}

// numberedEvent is an event with the number of its line, from 1.
type numberedEvent struct {
	pusher.Event

	line int
}

// triggerBatch sends the events of a file, in their order, in calls of ten. All of
// them are checked before the first is sent; after a call that fails no further one
// is made.
func (in *invocation) triggerBatch(ctx context.Context) error {
	if len(in.args) > 0 || in.IsSet("channel") || in.IsSet("user") {
		return usageErrorf("with --batch the file names channels, events and data: want no arguments, --channel or --user")
	}
	if in.IsSet("idempotency-key") {
		return usageErrorf("with --batch each line has its own idempotency_key")
	}
	return in.withClient(func(client *pusher.Client) error {
		content, err := in.read(ctx, in.String("batch"))
		if err != nil {
			return err
		}
		events, err := parseBatch(content)
		if err != nil {
			return err
		}
		if err := in.checkBatch(ctx, events); err != nil {
			return err
		}
		return in.sendBatch(ctx, client, events)
	}, in.limits)
}

func parseBatch(content []byte) ([]numberedEvent, error) {
	var events []numberedEvent
	number := 0
	for line := range bytes.Lines(content) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		event, err := parseBatchLine(line)
		if err != nil {
			return nil, usageErrorf("batch line %d: %v", number, err)
		}
		events = append(events, numberedEvent{event, number})
	}
	if len(events) == 0 {
		return nil, usageErrorf("the batch has no events")
	}
	return events, nil
}

func parseBatchLine(text []byte) (pusher.Event, error) {
	var line batchLine
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&line); err != nil {
		return pusher.Event{}, fmt.Errorf(`want {"channel":…,"name":…,"data":…}: %w`, err)
	}
	if decoder.More() {
		return pusher.Event{}, errors.New("want one JSON object a line")
	}
	if line.Data == nil {
		return pusher.Event{}, errors.New(`"data" is missing`)
	}
	event := pusher.Event{
		Channel: line.Channel, Name: line.Name, Data: line.Data,
		SocketID: line.SocketID, IdempotencyKey: line.IdempotencyKey,
	}
	var data string
	if line.Data[0] == '"' && json.Unmarshal(line.Data, &data) == nil {
		event.Data = data // else the JSON itself is the data
	}
	if line.Info != "" {
		for name := range strings.SplitSeq(line.Info, ",") {
			event.Info = append(event.Info, pusher.Attribute(name))
		}
	}
	return event, nil
}

// checkBatch lets a client without a network build every call.
func (in *invocation) checkBatch(ctx context.Context, events []numberedEvent) error {
	nowhere := backend.Func(func(context.Context, backend.Request) (backend.Response, error) {
		return backend.Response{StatusCode: http.StatusOK, Body: []byte("{}")}, nil
	})
	return in.withClient(func(client *pusher.Client) error {
		for part := range chunks(events) {
			if _, err := client.TriggerBatch(ctx, bare(part), in.triggerOptions()...); err != nil {
				return atLine(err, part)
			}
		}
		return nil
	}, in.limits, func(cfg *pusher.Config) { cfg.Backend = nowhere })
}

func (in *invocation) sendBatch(ctx context.Context, client *pusher.Client, events []numberedEvent) error {
	var failure error
	sent := make([]sentEvent, 0, len(events))
	for part := range chunks(events) {
		if failure != nil {
			for _, event := range part {
				sent = append(sent, sentEvent{Channel: event.Channel, Event: event.Name, Outcome: pusher.NotSent.String()})
			}
			continue
		}
		result, err := client.TriggerBatch(ctx, bare(part), in.triggerOptions()...)
		if err != nil {
			failure = fmt.Errorf("batch lines %d to %d: %w", part[0].line, part[len(part)-1].line, err)
		}
		for i, event := range part {
			var info pusher.ChannelInfo
			if i < len(result.Events) {
				info = result.Events[i]
			}
			sent = append(sent, newSent(event.Channel, event.Name, info, err))
		}
	}
	if err := in.showSent(sent); failure == nil {
		return err
	}
	return failure
}

// chunks yields the events in parts that fit into one call.
func chunks(events []numberedEvent) func(yield func([]numberedEvent) bool) {
	return func(yield func([]numberedEvent) bool) {
		for len(events) > 0 {
			n := min(batchEvents, len(events))
			if !yield(events[:n]) {
				return
			}
			events = events[n:]
		}
	}
}

func bare(numbered []numberedEvent) []pusher.Event {
	events := make([]pusher.Event, len(numbered))
	for i, event := range numbered {
		events[i] = event.Event
	}
	return events
}

var batchField = regexp.MustCompile(`^events\[(\d+)\]\.(.+)$`)

// atLine names the line instead of the event's place in its call.
func atLine(err error, part []numberedEvent) error {
	validation, ok := errors.AsType[*pusher.ValidationError](err)
	if !ok {
		return err
	}
	match := batchField.FindStringSubmatch(validation.Field)
	if match == nil {
		return err
	}
	index, _ := strconv.Atoi(match[1])
	hint := validationHint(validation)
	text := fmt.Sprintf("batch line %d: invalid %s: %s", part[index].line, match[2], validation.Reason)
	return &usageError{text: text, hint: hint, err: err}
}
