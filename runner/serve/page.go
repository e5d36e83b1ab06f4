package serve

import _ "embed" // of the page

//go:embed page.html
var page []byte

// policy lets the page load nothing but itself, and talk to this service only.
const policy = "default-src 'none'; connect-src 'self'; img-src blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// showPage answers GET /: a page to compare and to find pictures. It needs no token; what it asks does.
func showPage(c *call) (any, error) {
	c.header.Set("Content-Security-Policy", policy)
	return text{"text/html; charset=utf-8", page}, nil
}
