package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// hostGuard keeps other websites out of the console, which asks nobody for a
// password: the browser of whoever runs the server would carry their requests to it.
type hostGuard struct {
	// host is where the server listens, in lower case.
	host string
	// everywhere says that it does on all of the machine's addresses.
	everywhere bool
	origins    *http.CrossOriginProtection
}

func newHostGuard(host string) hostGuard {
	address, err := netip.ParseAddr(host)
	return hostGuard{
		host:       strings.ToLower(host),
		everywhere: host == "" || err == nil && address.IsUnspecified(),
		origins:    http.NewCrossOriginProtection(),
	}
}

// check returns why a request is refused, "" if it is not.
func (g hostGuard) check(r *http.Request) string {
	// A name that a website owns may lead here (DNS rebinding): to a browser, the
	// console would then be part of that website.
	if !g.allows(hostOf(r.Host)) {
		return "the console is not known under this host name: open it at localhost, or at the address that --host names"
	}
	if g.origins.Check(r) != nil || crossSite(r) {
		return "the request comes from another website"
	}
	return ""
}

// allows reports whether no website can have this name.
func (g hostGuard) allows(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || host != "" && host == g.host {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && (address.IsLoopback() || g.everywhere)
}

// crossSite reports whether another website has a script ask for state or stream.
// It could not read them, but it could hold streams open. Following a link to the
// page is fine.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "" && site != "same-origin" && site != "none" && r.URL.Path != "/"
}

// hostOf returns a Host header without the port and the brackets of IPv6.
func hostOf(hostPort string) string {
	if host, _, err := net.SplitHostPort(hostPort); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostPort, "["), "]")
}
