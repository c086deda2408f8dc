package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRunServesTheMetrics(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var page string
	err := run(ctx, "127.0.0.1:0", func(url string) {
		defer stop()
		page = get(t, url)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"pusher_publisher_events_delivered_total 100",
		"pusher_publisher_batch_events_sum 100",
		"pusher_async_calls_delivered_total 1",
	} {
		if !strings.Contains(page, "\n"+line+"\n") {
			t.Errorf("no %q in\n%s", line, page)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
