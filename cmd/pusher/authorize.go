package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func (a *app) authorizeCommand() *cli.Command {
	return a.command(command{
		name: "authorize", usage: "Sign the subscription of a connection to a channel",
		args: "SOCKET_ID CHANNEL",
		description: `Prints what an authorization endpoint answers: with --json exactly that. It
is a credential. Nothing is sent.

  pusher authorize 1234.5678 private-orders
  pusher authorize 1234.5678 presence-room --user-id ada --user-info '{"name":"Ada"}'`,
		flags: append([]cli.Flag{
			&cli.StringFlag{Name: "user-id", Usage: "`ID` of the member, for a presence channel"},
			&cli.StringFlag{Name: "user-info", Usage: "what the other members are told, as `JSON`"},
			&cli.BoolFlag{Name: "signed-in", Usage: "the connection has signed in: a presence channel needs no --user-id"},
		}, credentialFlags()...),
		run: func(_ context.Context, in *invocation) error { return in.withClient(in.authorize, offline) },
	})
}

func (in *invocation) authorize(client *pusher.Client) error {
	var member *pusher.Member
	var options []pusher.AuthOption
	info, err := in.jsonFlag("user-info")
	switch {
	case err != nil:
		return err
	case in.IsSet("user-id"):
		member = &pusher.Member{UserID: in.String("user-id"), UserInfo: info}
	case info != nil:
		return usageErrorf("--user-info needs --user-id")
	}
	if in.Bool("signed-in") {
		options = append(options, pusher.AllowSignedIn())
	}
	auth, err := client.AuthorizeChannel(in.args[0], in.args[1], member, options...)
	if err != nil {
		return err
	}
	return in.show(auth, func(t *table) {
		t.row("auth", auth.Auth)
		if auth.ChannelData != "" {
			t.row("channel_data", auth.ChannelData)
		}
		if auth.SharedSecret != "" {
			t.row("shared_secret", auth.SharedSecret)
		}
	})
}

func (a *app) authenticateCommand() *cli.Command {
	return a.command(command{
		name: "authenticate", usage: "Sign a user in on a connection",
		args: "SOCKET_ID USER",
		description: `Prints what a user authentication endpoint answers: with --json exactly
that. It is a credential. Nothing is sent.

  pusher authenticate 1234.5678 ada --user-info '{"name":"Ada"}' --watch grace`,
		flags: append([]cli.Flag{
			&cli.StringFlag{Name: "user-info", Usage: "what members of presence channels are told, as `JSON`"},
			&cli.StringSliceFlag{Name: "watch", Usage: "`ID` of a user whose coming and going the user is told; may be repeated"},
		}, credentialFlags()...),
		run: func(_ context.Context, in *invocation) error { return in.withClient(in.authenticate, offline) },
	})
}

func (in *invocation) authenticate(client *pusher.Client) error {
	info, err := in.jsonFlag("user-info")
	if err != nil {
		return err
	}
	auth, err := client.AuthenticateUser(in.args[0], pusher.User{ID: in.args[1], Info: info, Watchlist: in.StringSlice("watch")})
	if err != nil {
		return err
	}
	return in.show(auth, func(t *table) {
		t.row("auth", auth.Auth)
		t.row("user_data", auth.UserData)
	})
}
