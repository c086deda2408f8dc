package main

import (
	"encoding/json"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// authRows sign tokens for clients, against the keyed HMAC of the same string.
func authRows() []row {
	const (
		socketID = "1234.1234"
		private  = "private-foobar"
		presence = "presence-foobar"
	)
	member := &pusher.Member{UserID: "u-1042", UserInfo: message.User}
	return []row{
		paired("authorize private channel", goal{ratio: 1.8, allocs: 1}, func() (pair, error) {
			return authorizing(socketID, private, nil, nil)
		}),
		paired("authorize presence channel", goal{ratio: 2.2}, func() (pair, error) {
			return authorizing(socketID, presence, member, func() error {
				_, err := json.Marshal(member.UserInfo)
				return err
			})
		}),
	}
}

// authorizing returns the pair of an authorization and its signing by hand. extra
// is work that the floor does besides; nil is none.
func authorizing(socketID, channel string, member *pusher.Member, extra func() error) (pair, error) {
	client, err := newClient(nil)
	if err != nil {
		return pair{}, err
	}
	auth, err := client.AuthorizeChannel(socketID, channel, member)
	if err != nil {
		return pair{}, err
	}
	text := socketID + ":" + channel
	if member != nil {
		text += ":" + auth.ChannelData
	}
	message, d := []byte(text), newDigest()
	if d.hmac(message); auth.Auth != key+":"+string(d.hex[:]) {
		return pair{}, errFloor
	}
	return pair{
		subject: repeat(func() error {
			_, err := client.AuthorizeChannel(socketID, channel, member)
			return err
		}),
		floor: repeat(func() error {
			d.hmac(message)
			if extra != nil {
				return extra()
			}
			return nil
		}),
	}, nil
}
