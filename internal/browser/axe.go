package browser

import (
	_ "embed"
	"encoding/json"
	"html"
	"strings"
	"testing"
)

// axe is axe-core 4.10.3 of Deque Systems, under the Mozilla Public License 2.0, as its npm package has it. See
// axe/LICENSE.
//
//go:embed axe/axe.min.js
var axe string

// Axe is a script element that looks for what keeps people from using a page: colours without contrast, controls without a
// name, and the like. It waits for after, a promise in JavaScript, or for nothing where that is null. It writes what it finds
// into the page, where Violations reads it.
func Axe(after string) string {
	return "<script>" + strings.ReplaceAll(axe, "</script", `<\/script`) + `
Promise.resolve(` + after + `).then(() => axe.run({resultTypes: ["violations"]})).then(r => r.violations.map(v => v.id + " (" + v.impact + "): " + v.nodes.map(n => n.html.slice(0, 200)).slice(0, 5).join(" | ")), e => ["axe: " + e])
  .then(list => document.body.append(Object.assign(document.createElement("pre"), {id: "axe", textContent: JSON.stringify(list)})));
</script>`
}

// Violations returns what Axe found in a page that Open returned.
func Violations(t *testing.T, dom string) (list []string) {
	t.Helper()
	_, text, found := strings.Cut(dom, `<pre id="axe">`)
	text, _, _ = strings.Cut(text, "</pre>")
	if !found {
		t.Fatal("axe said nothing: give the browser more time")
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &list); err != nil {
		t.Fatal(err)
	}
	return list
}
