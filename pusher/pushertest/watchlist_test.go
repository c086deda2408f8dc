package pushertest_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func signedIn(t *testing.T, srv *pushertest.Server, id string, watchlist ...string) *pushertest.Subscriber {
	t.Helper()
	sub := connect(t, srv)
	client := newClient(t, srv)
	auth, err := client.AuthenticateUser(sub.SocketID(), pusher.User{ID: id, Watchlist: watchlist})
	require.NoError(t, err)
	require.NoError(t, sub.SignIn(deadline(t), auth))
	return sub
}

func watchlistMessage(events string) pushertest.Message {
	return pushertest.Message{Event: "pusher_internal:watchlist_events", Data: `{"events":[` + events + `]}`}
}

func TestWatchlist(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	bob := signedIn(t, srv, "bob")
	ann := signedIn(t, srv, "ann", "bob", "zoe", "carl", "bob")
	assert.Equal(t, watchlistMessage(`{"name":"online","user_ids":["bob"]},{"name":"offline","user_ids":["zoe","carl"]}`), next(t, ann))

	// A user is online from the first connection to the last.
	again := signedIn(t, srv, "bob")
	bob.Close()
	require.NoError(t, again.Ping(deadline(t)))
	nothingMore(t, ann)
	again.Close()
	assert.Equal(t, watchlistMessage(`{"name":"offline","user_ids":["bob"]}`), next(t, ann))
	signedIn(t, srv, "bob", "bob") // watches itself
	assert.Equal(t, watchlistMessage(`{"name":"online","user_ids":["bob"]}`), next(t, ann))
	srv.Disconnect(4009, "bye", srv.UserConnections("bob")[0].SocketID)
	assert.Equal(t, watchlistMessage(`{"name":"offline","user_ids":["bob"]}`), next(t, ann))

	// Signing in again brings a new list.
	require.NoError(t, ann.SignIn(deadline(t), userAuth(srv, ann.SocketID(), `{"id":"ann","watchlist":["zoe"]}`)))
	assert.Equal(t, watchlistMessage(`{"name":"offline","user_ids":["zoe"]}`), next(t, ann))
	signedIn(t, srv, "bob")
	nothingMore(t, ann)
	signedIn(t, srv, "zoe")
	assert.Equal(t, watchlistMessage(`{"name":"online","user_ids":["zoe"]}`), next(t, ann))
}

func TestWatchlistTooLong(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	ids := make([]string, 101)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	watchlist, err := json.Marshal(ids)
	require.NoError(t, err)
	sub := connect(t, srv)
	require.NoError(t, sub.SignIn(deadline(t), userAuth(srv, sub.SocketID(), `{"id":"ann","watchlist":`+string(watchlist)+`}`)))
	refused := next(t, sub)
	assert.Equal(t, "pusher:error", refused.Event)
	assert.Contains(t, refused.Data, `"code":4302`)
	var told struct {
		Events []struct {
			UserIDs []string `json:"user_ids"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(next(t, sub).Data), &told))
	assert.Equal(t, ids[:100], told.Events[0].UserIDs)
	assert.Equal(t, "ann", srv.Snapshot().Connections[0].UserID)
	signedIn(t, srv, "100")
	nothingMore(t, sub)
	signedIn(t, srv, "99")
	assert.Equal(t, watchlistMessage(`{"name":"online","user_ids":["99"]}`), next(t, sub))

	other := connect(t, srv)
	require.ErrorContains(t, other.SignIn(deadline(t), userAuth(srv, other.SocketID(), `{"id":"x","watchlist":[1]}`)), "watchlist")
}

func TestSubscriptionCounts(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{SubscriptionCounts: true})
	count := func(channel string, n int) pushertest.Message {
		return pushertest.Message{
			Event: "pusher_internal:subscription_count", Channel: channel, Data: `{"subscription_count":` + strconv.Itoa(n) + `}`,
		}
	}
	for _, channel := range []string{"a", "private-a", "private-encrypted-a"} {
		first := subscribed(t, srv, channel, "")
		assert.Equal(t, count(channel, 1), next(t, first))
		second := subscribed(t, srv, channel, "")
		assert.Equal(t, count(channel, 2), next(t, first))
		assert.Equal(t, count(channel, 2), next(t, second))
		require.NoError(t, second.Unsubscribe(deadline(t), channel))
		assert.Equal(t, count(channel, 1), next(t, first))
		nothingMore(t, second)
	}
	nothingMore(t, subscribed(t, srv, "presence-a", `{"user_id":"1"}`))
	nothingMore(t, signedIn(t, srv, "1"))
}
