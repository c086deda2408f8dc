package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	loadClients  = 8
	roomsAClient = 25
)

// load is a number of clients that post messages, each to rooms of its own, until
// the service does not answer any more.
type load struct {
	url      string
	clients  sync.WaitGroup
	accepted atomic.Int64
	refused  atomic.Int64
}

// runUnderLoad is run with clients that post all the time. After duration it stops
// in the middle of what they do.
func (s *service) runUnderLoad(ctx context.Context, duration time.Duration, out io.Writer) error {
	l := &load{url: "http://" + s.listener.Addr().String() + "/rooms/"}
	for number := range loadClients {
		l.clients.Go(func() { l.post(context.WithoutCancel(ctx), number) })
	}
	stopping, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	err := s.run(stopping)
	l.clients.Wait()
	fmt.Fprintf(out, "clients     %d requests were answered with 202, %d otherwise\n", l.accepted.Load(), l.refused.Load())
	return err
}

func (l *load) post(ctx context.Context, number int) {
	// A transport for each client, so that none opens a connection that it does not
	// use: the service would wait for those when it stops.
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	for n := 0; ; n++ {
		room := number*roomsAClient + n%roomsAClient
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+strconv.Itoa(room), strings.NewReader(strconv.Itoa(n)))
		if err != nil {
			return
		}
		res, err := client.Do(req)
		if err != nil {
			return
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if err != nil {
			return
		}
		if res.StatusCode == http.StatusAccepted {
			l.accepted.Add(1)
		} else {
			l.refused.Add(1)
		}
	}
}
