package pusher

// Version is the version of this SDK. Servers see it in the header X-Pusher-Library.
const Version = "0.1.0"

const libraryName = "pusher-go " + Version
