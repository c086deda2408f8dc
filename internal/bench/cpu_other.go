//go:build !unix

package main

import (
	"errors"
	"time"
)

// cpuTime fails: loopback rows need getrusage.
func cpuTime() (time.Duration, error) {
	return 0, errors.New("CPU time of a process is measured on Unix only")
}
