package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out), "%s", &out)
	for _, line := range []string{
		"  3 futures resolved, 3 events at the server",
		"  Wait says     trigger: 403 Forbidden: over quota (outcome: rejected)",
		"  closed        20 events at the server",
		"Accepted 26 = delivered 25 + failed 1 (1 rejected) + pending 0; refused 1",
	} {
		require.Contains(t, out.String(), "\n"+line+"\n")
	}
}

func TestRun_interrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, io.Discard), context.Canceled)
}
