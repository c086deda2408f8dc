package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if got := strings.Count(out.String(), "all 10 messages arrived"); got != len(backends) {
		t.Fatalf("everything arrived over %d of %d backends:\n%s", got, len(backends), out.String())
	}
}
