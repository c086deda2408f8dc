package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// The channels that both subscribers are on, one of each kind.
const (
	public    = "news"
	private   = "private-orders"
	presence  = "presence-room"
	encrypted = "private-encrypted-vault"
)

type demo struct {
	client  *pusher.Client
	srv     *pushertest.Server
	out     io.Writer
	sub     *pushertest.Subscriber
	arrived int
}

func (d *demo) sayf(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *demo) title(text string) { d.sayf("\n%s", text) }

// expect waits for the next message and checks that it is the one that was sent.
func (d *demo) expect(ctx context.Context, channel, event, data string) error {
	m, err := d.sub.Next(ctx)
	if err != nil {
		return fmt.Errorf("waiting for %s on %s: %w", event, channel, err)
	}
	if m.Channel != channel || m.Event != event || m.Data != data {
		return fmt.Errorf("sent %s %s %s, got %s %s %s", channel, event, data, m.Channel, m.Event, m.Data)
	}
	d.arrived++
	d.sayf("  arrived    %-28s %-12s %s", m.Channel, m.Event, m.Data)
	return nil
}

// subscribe connects over a WebSocket, subscribes to a channel of each kind with
// what the SDK authorizes, and signs a user in.
func (d *demo) subscribe(ctx context.Context) (err error) {
	d.title("Subscribing over a WebSocket")
	if d.sub, err = d.srv.Subscriber(ctx); err != nil {
		return err
	}
	d.sayf("  connected  socket id %s", d.sub.SocketID())
	if err := d.sub.Subscribe(ctx, public); err != nil {
		return err
	}
	for channel, member := range map[string]*pusher.Member{
		private:   nil,
		presence:  {UserID: "ada", UserInfo: map[string]string{"name": "Ada"}},
		encrypted: nil,
	} {
		auth, err := d.client.AuthorizeChannel(d.sub.SocketID(), channel, member)
		if err != nil {
			return err
		}
		if err := d.sub.Subscribe(ctx, channel, auth); err != nil {
			return err
		}
	}
	d.sayf("  subscribed %s, %s, %s, %s", public, private, presence, encrypted)
	auth, err := d.client.AuthenticateUser(d.sub.SocketID(), pusher.User{ID: "ada"})
	if err != nil {
		return err
	}
	d.sayf("  signed in  as ada")
	return d.sub.SignIn(ctx, auth)
}

func (d *demo) single(ctx context.Context) error {
	d.title("Trigger: one event on one channel")
	if _, err := d.client.Trigger(ctx, public, "headline", map[string]string{"text": "héllo 🎉 <world>"}); err != nil {
		return err
	}
	return d.expect(ctx, public, "headline", `{"text":"héllo 🎉 <world>"}`)
}

func (d *demo) multi(ctx context.Context) error {
	d.title("TriggerMulti: one event on three channels, asking for their state")
	result, err := d.client.TriggerMulti(ctx, []string{public, private, presence}, "tick", "1",
		pusher.WithInfo(pusher.UserCount, pusher.SubscriptionCount))
	if err != nil {
		return err
	}
	for _, channel := range []string{public, private, presence} {
		if err := d.expect(ctx, channel, "tick", "1"); err != nil {
			return err
		}
	}
	users := result.Channels[presence].UserCount
	if users == nil || *users != 1 {
		return errors.New("the answer has no user count of 1 for " + presence)
	}
	d.sayf("  answered   %s has %d user", presence, *users)
	return nil
}

func (d *demo) batch(ctx context.Context) error {
	d.title("TriggerBatch: two events in one request")
	_, err := d.client.TriggerBatch(ctx, []pusher.Event{
		{Channel: public, Name: "first", Data: "1"},
		{Channel: private, Name: "second", Data: map[string]int{"n": 2}},
	})
	if err != nil {
		return err
	}
	if err := d.expect(ctx, public, "first", "1"); err != nil {
		return err
	}
	return d.expect(ctx, private, "second", `{"n":2}`)
}

func (d *demo) encrypted(ctx context.Context) error {
	d.title("Trigger on an encrypted channel")
	if _, err := d.client.Trigger(ctx, encrypted, "secret", "for subscribers only"); err != nil {
		return err
	}
	events := d.srv.Events()
	onTheWire := events[len(events)-1].Data
	if onTheWire == "for subscribers only" {
		return errors.New("the server saw the plaintext")
	}
	d.sayf("  server saw %.60s…", onTheWire)
	return d.expect(ctx, encrypted, "secret", "for subscribers only")
}

func (d *demo) user(ctx context.Context) error {
	d.title("SendToUser: to every connection of a signed-in user")
	if _, err := d.client.SendToUser(ctx, "ada", "greeting", "hello Ada"); err != nil {
		return err
	}
	return d.expect(ctx, pusher.UserChannel("ada"), "greeting", "hello Ada")
}

func (d *demo) broadcast(ctx context.Context) error {
	d.title("Broadcast: to 150 plain channels and an encrypted one, in as few requests as allowed")
	channels := append(make([]string, 0, 151), public, encrypted)
	for i := range 149 {
		channels = append(channels, fmt.Sprintf("room-%d", i))
	}
	result, err := d.client.Broadcast(ctx, channels, "notice", "to all")
	if err != nil {
		return err
	}
	d.sayf("  accepted   on %d channels", len(result.Channels))
	if err := d.expect(ctx, public, "notice", "to all"); err != nil {
		return err
	}
	return d.expect(ctx, encrypted, "notice", "to all")
}

func (d *demo) query(ctx context.Context) error {
	d.title("Channels, Channel, ChannelUsers: what is going on")
	list, err := d.client.Channels(ctx, pusher.ChannelsQuery{Prefix: "presence-", Attributes: []pusher.Attribute{pusher.UserCount}})
	if err != nil {
		return err
	}
	state, err := d.client.Channel(ctx, presence, pusher.UserCount)
	if err != nil {
		return err
	}
	users, err := d.client.ChannelUsers(ctx, presence)
	if err != nil {
		return err
	}
	if len(list.Channels) != 1 || !state.Occupied || len(users.Users) != 1 || users.Users[0].ID != "ada" {
		return fmt.Errorf("expected ada alone on %s, got %v, %v, %v", presence, list, state, users)
	}
	d.sayf("  answered   %d presence channel; %s is occupied by %s", len(list.Channels), presence, users.Users[0].ID)
	return nil
}
