package pushertest_test

import (
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// statuses sends n triggers, one after the other.
func statuses(t *testing.T, srv *pushertest.Server, n int) []int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	list := make([]int, n)
	for i := range list {
		r := post("/events", event)
		res, err := client.Post(r.url(srv), "application/json", strings.NewReader(r.body))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		list[i] = res.StatusCode
	}
	return list
}

func TestFaultSelection(t *testing.T) {
	t.Parallel()
	always := func(pushertest.Request) bool { return true }
	never := func(pushertest.Request) bool { return false }
	for name, test := range map[string]struct {
		faults []pushertest.Fault
		want   []int
	}{
		"always":             {[]pushertest.Fault{{Status: 500}}, []int{500, 500, 500, 500}},
		"times":              {[]pushertest.Fault{{Status: 500, Times: 2}}, []int{500, 500, 200, 200}},
		"skip":               {[]pushertest.Fault{{Status: 500, Skip: 3}}, []int{200, 200, 200, 500}},
		"skip and times":     {[]pushertest.Fault{{Status: 500, Skip: 1, Times: 2}}, []int{200, 500, 500, 200}},
		"certain":            {[]pushertest.Fault{{Status: 500, Probability: 1}}, []int{500, 500, 500, 500}},
		"when":               {[]pushertest.Fault{{Status: 500, Times: 1, When: always}}, []int{500, 200, 200, 200}},
		"when not":           {[]pushertest.Fault{{Status: 500, When: never}}, []int{200, 200, 200, 200}},
		"one after another":  {[]pushertest.Fault{{Status: 500, Times: 1}, {Status: 501, Times: 2}}, []int{500, 501, 501, 200}},
		"the first wins":     {[]pushertest.Fault{{Status: 500}, {Status: 501}}, []int{500, 500, 500, 500}},
		"skips what it met":  {[]pushertest.Fault{{Status: 500, Times: 1}, {Status: 501, Skip: 1}}, []int{500, 200, 501, 501}},
		"slow and refusing":  {[]pushertest.Fault{{Latency: 1}, {Status: 500, Times: 1}}, []int{500, 200, 200, 200}},
		"connections only":   {[]pushertest.Fault{{Refuse: true}}, []int{200, 200, 200, 200}},
		"of two clocks":      {[]pushertest.Fault{{ClockSkew: 6 * time.Minute, Times: 2}, {ClockSkew: 6 * time.Minute, Times: 1}}, []int{401, 200, 200, 200}},
		"clocks that cancel": {[]pushertest.Fault{{ClockSkew: time.Hour}, {ClockSkew: -time.Hour}}, []int{200, 200, 200, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pushertest.NewServer(t)
			srv.Inject(test.faults...)
			assert.Equal(t, test.want, statuses(t, srv, len(test.want)))
			srv.ClearFaults()
			assert.Equal(t, []int{200}, statuses(t, srv, 1))
		})
	}
}

func TestFaultProbability(t *testing.T) {
	t.Parallel()
	run := func(faults ...pushertest.Fault) []int {
		srv := pushertest.NewServer(t, pushertest.ServerConfig{Faults: faults})
		list := statuses(t, srv, 200)
		srv.ClearFaults()
		srv.Inject(faults...)
		assert.Equal(t, list, statuses(t, srv, 200), "the same seed, injected again")
		return list
	}
	count := func(list []int, status int) (n int) {
		for _, s := range list {
			if s == status {
				n++
			}
		}
		return n
	}
	seldom := run(pushertest.Fault{Status: 500, Probability: 0.25, Seed: 1})
	assert.Equal(t, seldom, run(pushertest.Fault{Status: 500, Probability: 0.25, Seed: 1}))
	assert.NotEqual(t, seldom, run(pushertest.Fault{Status: 500, Probability: 0.25, Seed: 2}))
	assert.InDelta(t, 50, count(seldom, 500), 30)

	// Of two with one seed, one does not foretell the other.
	srv := pushertest.NewServer(t)
	slow := pushertest.Fault{Latency: 1, Probability: 0.5, Seed: 1}
	srv.Inject(slow, slow)
	statuses(t, srv, 200)
	hits := map[int]int{}
	for _, r := range srv.Requests() {
		hits[len(r.Faults)]++
	}
	assert.InDelta(t, 50, hits[0], 30)
	assert.InDelta(t, 100, hits[1], 40)
	assert.InDelta(t, 50, hits[2], 30)
}

// However many requests come at once, a fault hits no more than it should.
func TestFaultsAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	srv.Inject(
		pushertest.Fault{Status: 500, Skip: 5, Times: 20},
		pushertest.Fault{Latency: 1, Probability: 0.5, When: func(r pushertest.Request) bool { return len(r.Events()) == 1 }},
	)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			statuses(t, srv, 25)
			srv.Inject(pushertest.Fault{ClockSkew: 1, Times: 1})
			_ = srv.Requests()
		})
	}
	group.Wait()
	failed := 0
	for i, r := range srv.Requests() {
		assert.Equal(t, i+1, r.Number)
		if r.Status == 500 {
			failed++
		}
	}
	assert.Equal(t, 20, failed)
	assert.Len(t, srv.Events(), 180)
}

// A fault chooses by anything in the request, and later faults are not asked about
// what is decided already.
func TestFaultWhen(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{PathPrefix: "/realtime"})
	client := newClient(t, srv)
	ctx := deadline(t)
	var asked []string
	srv.Inject(
		pushertest.Fault{Status: 500, When: func(r pushertest.Request) bool {
			assert.False(t, r.Accepted)
			assert.Zero(t, r.Status)
			events := r.Events()
			return len(events) > 0 && events[0].Channel == "unlucky"
		}},
		pushertest.Fault{Status: 502, When: func(r pushertest.Request) bool {
			asked = append(asked, r.Method+" "+r.Path)
			return r.Query.Get("filter_by_prefix") == "x"
		}},
	)
	_, err := client.Trigger(ctx, "unlucky", "e", "d")
	require.ErrorIs(t, err, pusher.ErrServer)
	_, err = client.TriggerBatch(ctx, []pusher.Event{{Channel: "unlucky", Name: "e", Data: "d"}})
	require.ErrorIs(t, err, pusher.ErrServer)
	_, err = client.Trigger(ctx, "lucky", "e", "d")
	require.NoError(t, err)
	_, err = client.Channels(ctx, pusher.ChannelsQuery{Prefix: "x"})
	require.ErrorIs(t, err, pusher.ErrServer)
	assert.Equal(t, []string{"POST /realtime/apps/1001/events", "GET /realtime/apps/1001/channels"}, asked)
}

func TestInvalidFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault pushertest.Fault
		field string
	}{
		"zero":                  {pushertest.Fault{}, "Fault"},
		"only a choice":         {pushertest.Fault{Times: 1, Probability: 0.5}, "Fault"},
		"negative times":        {pushertest.Fault{Status: 500, Times: -1}, "Fault.Times"},
		"negative skip":         {pushertest.Fault{Status: 500, Skip: -1}, "Fault.Skip"},
		"probability above 1":   {pushertest.Fault{Status: 500, Probability: 5}, "Fault.Probability"},
		"negative probability":  {pushertest.Fault{Status: 500, Probability: -0.1}, "Fault.Probability"},
		"no probability":        {pushertest.Fault{Status: 500, Probability: math.NaN()}, "Fault.Probability"},
		"negative latency":      {pushertest.Fault{Latency: -1}, "Fault.Latency"},
		"negative retry-after":  {pushertest.Fault{Status: 503, RetryAfter: -1}, "Fault.RetryAfter"},
		"retry-after twice":     {pushertest.Fault{Status: 503, RetryAfter: 1, Header: http.Header{"Retry-After": {"1"}}}, "Fault.RetryAfter"},
		"informational":         {pushertest.Fault{Status: 103}, "Fault.Status"},
		"status 600":            {pushertest.Fault{Status: 600}, "Fault.Status"},
		"body alone":            {pushertest.Fault{Body: "x"}, "Fault.Status"},
		"header alone":          {pushertest.Fault{Header: http.Header{"X": {"y"}}}, "Fault.Status"},
		"retry-after alone":     {pushertest.Fault{RetryAfter: time.Second}, "Fault.Status"},
		"body of a 204":         {pushertest.Fault{Status: 204, Body: "x"}, "Fault.Status"},
		"half a 304":            {pushertest.Fault{Status: 304, Truncate: true}, "Fault.Status"},
		"refuse and status":     {pushertest.Fault{Refuse: true, Status: 500}, "Fault.Refuse"},
		"refuse and latency":    {pushertest.Fault{Refuse: true, Latency: 1}, "Fault.Refuse"},
		"refuse when":           {pushertest.Fault{Refuse: true, When: func(pushertest.Request) bool { return true }}, "Fault.Refuse"},
		"reset and status":      {pushertest.Fault{Reset: true, Status: 500}, "Fault.Reset"},
		"reset and truncate":    {pushertest.Fault{Reset: true, Truncate: true}, "Fault.Reset"},
		"malformed and status":  {pushertest.Fault{Malformed: true, Status: 500}, "Fault.Malformed"},
		"malformed and half":    {pushertest.Fault{Malformed: true, Truncate: true}, "Fault.Malformed"},
		"after accepting alone": {pushertest.Fault{AfterAccepting: true}, "Fault.AfterAccepting"},
		"after a skew":          {pushertest.Fault{AfterAccepting: true, ClockSkew: 1}, "Fault.AfterAccepting"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := []pushertest.Fault{{Status: 500}, test.fault}
			_, err := pushertest.Start(pushertest.ServerConfig{Faults: faults})
			var invalid *pusher.ValidationError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, test.field, invalid.Field)
			require.ErrorContains(t, err, "fault 2 of 2")

			var tb fakeTB
			require.Nil(t, pushertest.NewServer(&tb, pushertest.ServerConfig{Faults: faults}))
			assert.Contains(t, tb.fatal, test.field+":")
		})
	}
}

// A test whose fault is invalid must not go on without it.
func TestInjectFailsLoudly(t *testing.T) {
	t.Parallel()
	invalid := []pushertest.Fault{{Status: 500}, {Probability: 2}}

	var tb fakeTB
	srv := pushertest.NewServer(&tb)
	defer srv.Close()
	srv.Inject(invalid...)
	assert.Contains(t, tb.fatal, "Fault")
	assert.Equal(t, []int{200}, statuses(t, srv, 1), "none of the faults is injected")

	started, err := pushertest.Start(pushertest.ServerConfig{})
	require.NoError(t, err)
	defer started.Close()
	assert.Panics(t, func() { started.Inject(invalid...) })
}
