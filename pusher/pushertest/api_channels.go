package pushertest

import (
	"net/http"
	"strings"
	"time"
)

// channelAnswer is the answer about one channel.
type channelAnswer struct {
	Occupied bool `json:"occupied"`
	channelAttributes
	// Cache is a *cacheAnswer, present only if asked for: null when it is empty.
	Cache any `json:"cache,omitempty"`
}

type cacheAnswer struct {
	Data string `json:"data"`
	// TTL is how many seconds the event will still be kept.
	TTL int `json:"ttl"`
}

type userAnswer struct {
	ID string `json:"id"`
}

// serveChannels lists the occupied channels.
func (a *App) serveChannels(c *apiCall) (any, error) {
	prefix := c.query["filter_by_prefix"]
	asked, err := c.attributes()
	switch {
	case err != nil:
		return nil, err
	case asked.cache:
		return nil, badRequest("info: cache can only be asked for one channel")
	case asked.userCount && !isPresence(prefix):
		return nil, badRequest("info: user_count needs a filter_by_prefix that begins with %s", presencePrefix)
	}
	list := map[string]channelAttributes{}
	for name, state := range a.hub.occupied() {
		if _, ofUser := userOf(name); !ofUser && strings.HasPrefix(name, prefix) {
			list[name] = asked.of(name, state)
		}
	}
	if len(list) == 0 && a.srv.cfg.Quirks.ChannelsArray {
		return map[string]any{"channels": []string{}}, nil
	}
	return map[string]any{"channels": list}, nil
}

// serveChannel tells about one channel, occupied or not.
func (a *App) serveChannel(c *apiCall) (any, error) {
	if err := a.checkChannel(c.name); err != nil {
		return nil, err
	}
	asked, err := c.attributes()
	switch {
	case err != nil:
		return nil, err
	case asked.userCount && !isPresence(c.name):
		return nil, badRequest("info: user_count exists on presence channels only")
	case asked.cache && !isCache(c.name):
		return nil, badRequest("info: cache exists on cache channels only")
	}
	state := a.hub.state(c.name)
	answer := channelAnswer{Occupied: state.subscriptions > 0, channelAttributes: asked.of(c.name, state)}
	if asked.cache {
		var cache *cacheAnswer
		if state.cached != nil {
			left := cacheLifetime - a.now().Sub(state.cached.at)
			cache = &cacheAnswer{Data: state.cached.event.Data, TTL: int((left + time.Second - 1) / time.Second)}
		}
		answer.Cache = cache
	}
	return answer, nil
}

// errNoUsers has a body of its own.
var errNoUsers = refuse(http.StatusNotFound, "the channel is not occupied")

// serveUsers lists the users on a presence channel.
func (a *App) serveUsers(c *apiCall) (any, error) {
	if err := a.checkChannel(c.name); err != nil {
		return nil, err
	}
	if !isPresence(c.name) {
		return nil, badRequest("only presence channels have users")
	}
	if a.srv.cfg.Quirks.UsersNotFound && a.hub.state(c.name).subscriptions == 0 {
		return nil, errNoUsers
	}
	users := []userAnswer{}
	for _, id := range a.hub.members(c.name) {
		users = append(users, userAnswer{ID: id})
	}
	return map[string]any{"users": users}, nil
}

// serveTerminate closes the connections on which a user has signed in.
func (a *App) serveTerminate(c *apiCall) (any, error) {
	if !validName(c.name, a.hub.cfg.Limits.ChannelName) {
		return nil, badRequest("the user id has characters other than A–Z a–z 0–9 _ - = @ , . ; or too many")
	}
	if len(c.body) > 0 {
		if _, err := parseFields(c.body); err != nil {
			return nil, badRequest("the body %v", err)
		}
	}
	a.hub.terminate(c.name)
	return done{}, nil
}

func (a *App) checkChannel(name string) error {
	if !validName(name, a.hub.cfg.Limits.ChannelName) {
		return badRequest("channel %q: a name is 1 to %d of A–Z a–z 0–9 _ - = @ , . ;", name, a.hub.cfg.Limits.ChannelName)
	}
	return nil
}

// attributes reads the info parameter of a query.
func (c *apiCall) attributes() (attributes, error) {
	info, ok := c.query["info"]
	if !ok {
		return attributes{}, nil
	}
	return parseAttributes(info)
}
