package main

import (
	"slices"
	"strings"
)

// room is a place to talk, on a channel of its own. What kind of channel that is,
// its prefix says.
type room struct {
	ID      string
	Title   string
	About   string
	Channel string
	// Members are the users who may enter. Nil: everyone who is logged in.
	Members []string
}

// lobby is where everyone is, and so what tells who is here.
const lobby = "lobby"

var rooms = []room{
	{ID: lobby, Title: "Lobby", About: "Everyone is here.", Channel: "presence-lobby"},
	{
		ID: "team", Title: "Team", About: "Private: for members only.", Channel: "private-team",
		Members: []string{"ada", "grace", "alan"},
	},
	{
		ID: "vault", Title: "Vault", About: "Private and encrypted: the Channels server sees ciphertext only.",
		Channel: "private-encrypted-vault", Members: []string{"ada", "grace"},
	},
}

func (r room) admits(user string) bool { return r.Members == nil || slices.Contains(r.Members, user) }

func (r room) encrypted() bool { return strings.HasPrefix(r.Channel, "private-encrypted-") }

func (r room) presence() bool { return strings.HasPrefix(r.Channel, "presence-") }

// find returns the first of the chat's rooms that satisfies match.
func (c *chat) find(match func(room) bool) (room, bool) {
	i := slices.IndexFunc(c.rooms, match)
	if i < 0 {
		return room{}, false
	}
	return c.rooms[i], true
}
