// Pusher is the SDK on the command line: it triggers events, queries channels,
// signs authorizations and verifies webhooks on hosted Channels or any server that
// speaks its protocol, and runs such a server locally. "pusher --help" lists its
// commands, docs/cli.md describes them.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}

// app is one run of the program, with all of the outside world that it touches
// besides the network and the files that arguments name.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(name string) (value string, ok bool)
}

// run runs the command that args, the program's name first, stand for, and returns
// the exit code. It ends when ctx does.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, env: env}
	return a.report(a.root().Run(ctx, helpFirst(args)))
}
