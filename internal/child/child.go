// Package child runs a program a second time, as the server of its own
// measurements: in a process of its own, so that neither its CPU time nor its
// memory is counted.
package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Process is a program that serves until its standard input ends, at the latest
// when the process that started it does.
type Process struct {
	command *exec.Cmd
	stdin   io.Closer
}

// Start runs this program again with these arguments, and decodes into where, as
// JSON, what it prints first: where it listens.
func Start(where any, args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, args...) //nolint:gosec,noctx // this program; it ends with its input
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &Process{command: command, stdin: stdin}
	if err := json.NewDecoder(stdout).Decode(where); err != nil {
		return nil, errors.Join(fmt.Errorf("the server did not start: %w", err), p.Close())
	}
	return p, nil
}

// Close ends the process and waits for it.
func (p *Process) Close() error {
	return errors.Join(p.stdin.Close(), p.command.Wait())
}
