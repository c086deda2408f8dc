package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServerAnswersAndCountsConnections(t *testing.T) {
	t.Parallel()
	in, stop := io.Pipe()
	started, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(in, out) }()
	var s server
	require.NoError(t, json.NewDecoder(started).Decode(&s.addresses))

	before, err := s.connections()
	require.NoError(t, err)
	assert.Zero(t, before, "asking does not count")

	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.API+"/apps/3/events", strings.NewReader(shortText))
		require.NoError(t, err)
		res, err := transport.RoundTrip(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, "{}", string(body))
	}
	after, err := s.connections()
	require.NoError(t, err)
	assert.Equal(t, 1, after, "three requests share a connection")

	require.NoError(t, stop.Close())
	assert.NoError(t, <-ended)
}
