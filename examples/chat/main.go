// Chat is a small chat: a lobby that shows who is here, a private room for a team,
// and a vault whose messages are encrypted end to end. It needs no account and no
// set-up:
//
//	go run ./examples/chat
//
// Open the URL that it prints in two browsers. "ada" and "grace" may enter every
// room, "alan" all but the vault, and anyone else the lobby. There are no passwords:
// the example is about authorization, and takes everyone's word for who they are.
// Messages are not kept.
//
// A Channels server runs in the same process, and what it sees is printed. With
// PUSHER_URL set, that app's server is used instead (turn on "client events" in its
// settings for the typing indicator), and PUSHER_MASTER_KEY, 32 bytes in base64,
// opens the vault.
//
// The page loads pusher-js from Pusher's CDN; from e2e/node_modules, without the
// internet, if "make e2e" has installed it; or from where -pusher-js says.
//
// Start reading in chat.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopGrace is how long requests may take to finish when the program is interrupted.
const stopGrace = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// run serves the chat until ctx ends.
func run(ctx context.Context, args []string, out, complaints io.Writer) (err error) {
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	flags.SetOutput(complaints)
	addr := flags.String("addr", "127.0.0.1:8080", "`address` to listen on; port 0 is any that is free")
	from := flags.String("pusher-js", "", "`DIR|URL` of pusher-js: a directory with "+scriptFile+", or the script's URL")
	if err := flags.Parse(args); err != nil {
		return err
	}
	script, err := findScript(*from)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(complaints, nil))
	channels, err := connect(os.Getenv, logger) //nolint:contextcheck // it runs until close
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, channels.close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *addr)
	if err != nil {
		return fmt.Errorf("%w; choose another address with -addr", err)
	}
	fmt.Fprintf(out, "The chat is at http://%s\n", listener.Addr())
	fmt.Fprintf(out, "Log in as ada or grace to enter every room, as alan all but the vault, as anyone else the lobby.\n")
	fmt.Fprintf(out, "pusher-js comes from %s\n", script)
	channels.describe(out)
	printed := channels.print(ctx, out)
	err = serve(ctx, listener, newChat(channels, script, logger))
	channels.stop()
	<-printed
	return err
}

// serve returns when ctx has ended and requests under way are done.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(listener) }()
	select {
	case err := <-serving:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
	<-serving //nolint:errcheck // that it was stopped
	return nil
}
