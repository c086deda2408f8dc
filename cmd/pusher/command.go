package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
)

const rootDescription = `The app and its server come from PUSHER_URL,
http[s]://KEY:SECRET@HOST[:PORT]/apps/APP_ID, or from flags behind the command.

Exit codes:
  0    done
  1    the server refused, or the webhook is not genuine
  2    wrong usage or configuration; nothing was sent
  3    no answer; the message says whether anything was sent
  4    done, but the result could not be read or written
  130  interrupted`

// root returns the command tree. It is built anew for each run, since flags keep
// what was parsed into them.
func (a *app) root() *cli.Command {
	root := a.group("pusher", "Talk to a Channels server, or run one",
		a.triggerCommand(),
		a.channelsCommand(),
		a.channelCommand(),
		a.usersCommand(),
		a.terminateCommand(),
		a.authorizeCommand(),
		a.authenticateCommand(),
		a.group("webhook", "Verify webhooks", a.webhookVerifyCommand()),
		a.serveCommand(),
		a.versionCommand(),
		a.helpCommand(),
	)
	root.Description = rootDescription
	root.Version = pusher.Version
	root.EnableShellCompletion = true
	root.Reader, root.Writer, root.ErrWriter = a.stdin, a.stdout, a.stderr
	root.ExitErrHandler = func(context.Context, *cli.Command, error) {} // report does it
	root.ConfigureShellCompletionCommand = func(completion *cli.Command) { completion.Hidden = false }
	return root
}

// group returns a command that has only further commands.
func (a *app) group(name, usage string, commands ...*cli.Command) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, Commands: commands,
		HideHelpCommand: true, // "help" could be a channel or a user
		OnUsageError:    onUsageError,
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.Args().Present() {
				return usageErrorf("unknown command%s", shownWord(cmd.Args().First()))
			}
			if cmd.Root() == cmd {
				return cli.ShowRootCommandHelp(cmd)
			}
			return usageErrorf("want a command: %s", fullName(cmd.Commands[0].Name))
		},
	}
}

// helpFirst puts a flag that asks for help right behind the command: behind
// arguments the library takes the first of them for a command.
func helpFirst(args []string) []string {
	asked := slices.IndexFunc(args, func(arg string) bool { return arg == "--help" || arg == "-h" || arg == "--" })
	words := 2
	if len(args) > 1 && args[1] == "webhook" {
		words = 3
	}
	if asked <= words || args[asked] == "--" {
		return args
	}
	return append(slices.Clone(args[:words]), "--help")
}

// command describes a command that does something.
type command struct {
	name, usage string
	// args are the names of the arguments, those in brackets optional.
	args        string
	description string
	flags       []cli.Flag
	run         func(ctx context.Context, in *invocation) error
}

// invocation is a command with its arguments.
type invocation struct {
	*app
	*cli.Command

	args []string
}

// arg returns the argument at i, "" if it is absent.
func (in *invocation) arg(i int) string {
	if i < len(in.args) {
		return in.args[i]
	}
	return ""
}

func (a *app) command(c command) *cli.Command {
	most := len(strings.Fields(c.args))
	least := most - strings.Count(c.args, "[")
	flags := append(c.flags, &cli.BoolFlag{Name: "json", Usage: "print one JSON document"})
	return &cli.Command{
		Name: c.name, Usage: c.usage, Description: c.description, Flags: flags,
		UsageText:                 strings.TrimSpace(fmt.Sprintf("pusher %s [options] %s", fullName(c.name), c.args)),
		DisableSliceFlagSeparator: true, // a comma may be part of a channel's name
		HideHelpCommand:           true,
		OnUsageError:              onUsageError,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			args := cmd.Args().Slice()
			switch {
			case len(args) < least:
				return usageErrorf("too few arguments: want %s", c.args)
			case len(args) > most && most == 0:
				return usageErrorf("too many arguments: want none")
			case len(args) > most:
				return usageErrorf("too many arguments: want %s", c.args)
			}
			return c.run(ctx, &invocation{app: a, Command: cmd, args: args})
		},
	}
}

func fullName(name string) string {
	if name == "verify" {
		return "webhook verify"
	}
	return name
}

func (a *app) versionCommand() *cli.Command {
	return a.command(command{
		name: "version", usage: "Print the version",
		run: func(_ context.Context, in *invocation) error {
			document := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
			}{pusher.Version, runtime.Version()}
			return in.show(document, func(t *table) { t.row("pusher " + document.Version + " (" + document.Go + ")") })
		},
	})
}

// helpCommand makes "pusher help COMMAND" mean "pusher COMMAND --help".
func (a *app) helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Usage: "Describe a command", UsageText: "pusher help [COMMAND]",
		HideHelpCommand: true,
		OnUsageError:    onUsageError,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			names := cmd.Args().Slice()
			if len(names) == 0 {
				return cli.ShowRootCommandHelp(cmd)
			}
			parent := cmd.Root()
			for _, name := range names[:len(names)-1] {
				if parent = parent.Command(name); parent == nil {
					return usageErrorf("unknown command%s", shownWord(name))
				}
			}
			return cli.ShowCommandHelp(ctx, parent, names[len(names)-1])
		},
	}
}
