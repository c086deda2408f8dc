package main

import (
	_ "embed"
)

// Payloads are package-level variables, so that handing one to a method that takes
// any costs what it costs a user.
var (
	//go:embed testdata/short.txt
	shortText string // 100 bytes
	//go:embed testdata/plain.txt
	plainText string // 9 KB of ASCII without anything to escape
	//go:embed testdata/chat.json
	chatJSON string // 9 KB of typical JSON: a chat room's history
	//go:embed testdata/quotes.json
	quotesJSON string // 9 KB of JSON, nearly every other byte a quote
	//go:embed testdata/unicode.txt
	unicodeText string // 9 KB of text in many scripts

	message = chatMessage{
		ID:     "msg_8400213",
		Room:   "room-218",
		User:   chatUser{ID: "u-1042", Name: "Marta Nowak", Avatar: "https://cdn.example.com/avatars/u-1042.png"},
		Text:   "Lunch at 12:30? I can book the table by the window",
		SentAt: 1_767_002_400,
		Tags:   []string{"lunch", "team"},
	}
)

// chatMessage is what a chat app triggers.
type chatMessage struct {
	ID     string   `json:"id"`
	Room   string   `json:"room"`
	User   chatUser `json:"user"`
	Text   string   `json:"text"`
	SentAt int64    `json:"sent_at"`
	Edited bool     `json:"edited"`
	Tags   []string `json:"tags,omitempty"`
}

type chatUser struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Avatar string `json:"avatar,omitempty"`
}
