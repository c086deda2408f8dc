package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// maxInput bounds what is read from a file or standard input.
const maxInput = 16 << 20

// read returns the content of a file, or of standard input if name is "-". It
// returns when ctx ends, though nothing can interrupt the reading itself: that ends
// with the program.
func (a *app) read(ctx context.Context, name string) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	done := make(chan result, 1)
	go func() {
		content, err := a.readAll(name)
		done <- result{content, err}
	}()
	select {
	case r := <-done:
		return r.content, r.err
	case <-ctx.Done():
		return nil, &interruptedError{ctx.Err()}
	}
}

func (a *app) readAll(name string) ([]byte, error) {
	source, what := a.stdin, "standard input"
	if name != "-" {
		file, err := os.Open(name) //nolint:gosec // the user names the file
		if err != nil {
			return nil, &usageError{text: err.Error(), hint: "Name a file that can be read, or - for standard input.", err: err}
		}
		defer func() { _ = file.Close() }() // it was only read
		source, what = file, name
	}
	content, err := io.ReadAll(io.LimitReader(source, maxInput+1))
	switch {
	case err != nil:
		return nil, &usageError{text: fmt.Sprintf("read %s: %v", what, err), err: err}
	case len(content) > maxInput:
		return nil, usageErrorf("read %s: more than %d MiB", what, maxInput>>20)
	}
	return content, nil
}

// interruptedError says that the program was interrupted before it had sent
// anything.
type interruptedError struct{ err error }

func (e *interruptedError) Error() string { return "interrupted while reading; nothing was sent" }

func (e *interruptedError) Unwrap() error { return e.err }

// jsonFlag returns the value of a flag that is JSON, nil if it is not set.
func (in *invocation) jsonFlag(name string) (any, error) {
	if !in.IsSet(name) {
		return nil, nil //nolint:nilnil // no value is a value here
	}
	value := json.RawMessage(in.String(name))
	if !json.Valid(value) {
		return nil, usageErrorf(`--%s is not JSON; a text is JSON in double quotes: '"Ada"'`, name)
	}
	return value, nil
}

// attributes returns what --info asks for: repeated, or separated by commas.
func (in *invocation) attributes() []pusher.Attribute {
	var attributes []pusher.Attribute
	for _, value := range in.StringSlice("info") {
		for name := range strings.SplitSeq(value, ",") {
			attributes = append(attributes, pusher.Attribute(strings.TrimSpace(name)))
		}
	}
	return attributes
}
