package main

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "pusher "+pusher.Version+" ("+runtime.Version()+")\n", succeed(t, nil, "version"))
	assert.JSONEq(t, `{"version":"`+pusher.Version+`","go":"`+runtime.Version()+`"}`, succeed(t, nil, "version", "--json"))
	assert.Equal(t, "pusher version "+pusher.Version+"\n", succeed(t, nil, "--version"))
}

func TestHelp(t *testing.T) {
	t.Parallel()
	overview := succeed(t, nil, "--help")
	assert.Equal(t, overview, succeed(t, nil))
	assert.Equal(t, overview, succeed(t, nil, "help"))
	a := &app{}
	for _, command := range a.root().Commands {
		assert.Contains(t, overview, command.Usage)
		assert.Equal(t, succeed(t, nil, command.Name, "--help"), succeed(t, nil, "help", command.Name))
	}
	assert.Contains(t, succeed(t, nil, "webhook", "--help"), "verify  Check a webhook")
	for _, args := range [][]string{{"trigger", "c", "e", "d"}, {"channel", "c"}, {"terminate", "ada"}, {"webhook", "verify", "body.json"}} {
		words := args[:1]
		if args[0] == "webhook" {
			words = args[:2]
		}
		want := succeed(t, nil, append([]string{"help"}, words...)...)
		for _, flag := range []string{"--help", "-h"} {
			assert.Equal(t, want, succeed(t, nil, append(slices.Clone(args), flag)...), "behind arguments")
		}
	}
	assert.Contains(t, succeed(t, nil, "help", "webhook", "verify"), "pusher webhook verify [options] [FILE]")
}

// What help shows must come from the program, never from the environment.
func TestHelpShowsNoSecrets(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	e := env{"PUSHER_APP_ID": "7", "PUSHER_KEY": "k", "PUSHER_SECRET": testSecret}
	maps.Copy(e, srv.env)
	assert.Contains(t, succeed(t, e, "help", "trigger"), "PUSHER_SECRET")
	assert.Contains(t, succeed(t, e, "trigger", "--secret", testSecret, "--help"), "PUSHER_SECRET")
}

func TestEveryCommandDescribesItself(t *testing.T) {
	t.Parallel()
	var check func(command *cli.Command)
	check = func(command *cli.Command) {
		assert.NotEmpty(t, command.Usage, command.Name)
		for _, flag := range command.Flags {
			documented, ok := flag.(cli.DocGenerationFlag)
			assert.True(t, ok && documented.GetUsage() != "", "%s %v", command.Name, flag.Names())
		}
		for _, sub := range command.Commands {
			check(sub)
		}
	}
	check((&app{}).root())
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	assert.Contains(t, succeed(t, nil, "completion", "bash"), "pusher")
	suggestions := succeed(t, nil, "webhook", "--generate-shell-completion")
	assert.True(t, strings.HasPrefix(suggestions, "verify"), suggestions)
}

// Names that are also commands are taken as they are behind a command.
func TestNamesThatAreCommands(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	assert.Equal(t, "Terminated the connections of help.\n", succeed(t, srv.env, "terminate", "help"))
	assert.Equal(t, "channel   channels\noccupied  false\n", succeed(t, srv.env, "channel", "channels"))
}
