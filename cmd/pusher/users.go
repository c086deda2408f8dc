package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func (a *app) usersCommand() *cli.Command {
	return a.command(command{
		name: "users", usage: "List the users on a presence channel",
		args:        "CHANNEL",
		description: "Prints one id a line.\n\n  pusher users presence-room",
		flags:       serverFlags(),
		run: func(ctx context.Context, in *invocation) error {
			return in.withClient(func(client *pusher.Client) error { return in.users(ctx, client) })
		},
	})
}

func (in *invocation) users(ctx context.Context, client *pusher.Client) error {
	list, err := client.ChannelUsers(ctx, in.args[0])
	if err != nil {
		return err
	}
	type user struct {
		ID string `json:"id"`
	}
	document := struct {
		Users []user `json:"users"`
	}{make([]user, len(list.Users))}
	for i, u := range list.Users {
		document.Users[i] = user(u)
	}
	return in.show(document, func(t *table) {
		for _, u := range document.Users {
			t.row(u.ID)
		}
	})
}

func (a *app) terminateCommand() *cli.Command {
	return a.command(command{
		name: "terminate", usage: "Close all connections of a signed-in user",
		args:        "USER",
		description: "Nothing keeps the user from connecting again.\n\n  pusher terminate ada",
		flags:       serverFlags(),
		run: func(ctx context.Context, in *invocation) error {
			return in.withClient(func(client *pusher.Client) error { return in.terminate(ctx, client) })
		},
	})
}

func (in *invocation) terminate(ctx context.Context, client *pusher.Client) error {
	user := in.args[0]
	if err := client.TerminateUserConnections(ctx, user); err != nil {
		return err
	}
	document := struct {
		UserID     string `json:"user_id"`
		Terminated bool   `json:"terminated"`
	}{user, true}
	return in.show(document, func(t *table) { t.row("Terminated the connections of " + user + ".") })
}
