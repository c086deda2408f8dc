// Package frameworks holds the endpoint that authorizes subscriptions for three
// web frameworks, a package each: gin, echo and fiber. They are made to be copied.
//
// It is a module of its own, so that users of the SDK compile none of the
// frameworks.
package frameworks
