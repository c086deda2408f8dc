package backendtest_test

import (
	"bytes"
	"fmt"
	"log"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-588517f9/pusher-go/backend/backendtest"
)

// What is logged is seen, and still goes where it went.
//
//nolint:paralleltest // the loggers are the process's
func TestLogs(t *testing.T) {
	output, flags, logger, stderr := log.Writer(), log.Flags(), slog.Default(), os.Stderr
	var logged, structured bytes.Buffer
	log.SetOutput(&logged)
	t.Cleanup(func() {
		slog.SetDefault(logger)
		log.SetOutput(output)
		log.SetFlags(flags)
	})

	seen := backendtest.Logged(func() {
		log.Print("by log")
		slog.Warn("by slog", "key", "value")
		slog.Debug("for debugging")
		slog.With("a", 1).WithGroup("g").Info("grouped", "b", 2)
		fmt.Fprintln(os.Stderr, "by hand")
	})
	for _, text := range []string{"by log", "by slog", "key=value", "for debugging", "a=1", "g.b=2", "by hand"} {
		assert.Contains(t, seen, text)
	}
	assert.Contains(t, logged.String(), "by log")
	assert.Contains(t, logged.String(), "by slog")
	assert.NotContains(t, logged.String(), "for debugging")
	assert.Same(t, logger, slog.Default())
	assert.Same(t, stderr, os.Stderr)
	log.Print("afterwards")
	assert.Contains(t, logged.String(), "afterwards")

	slog.SetDefault(slog.New(slog.NewJSONHandler(&structured, nil)))
	seen = backendtest.Logged(func() {
		backendtest.Logged(func() { log.Print("by log, too") })
		slog.Info("by slog, too")
	})
	assert.Contains(t, seen, "by log, too")
	assert.Contains(t, seen, "by slog, too")
	assert.Contains(t, structured.String(), `"msg":"by log, too"`)
	assert.Contains(t, structured.String(), `"msg":"by slog, too"`)
}
