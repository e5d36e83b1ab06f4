package serve

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tfpair/tfpair/models/modelstest"
)

// at returns a part of a document.
func at(t *testing.T, document any, keys ...string) any {
	t.Helper()
	for _, key := range keys {
		of, ok := document.(map[string]any)
		if !ok || of[key] == nil {
			t.Fatalf("the document has no %q of %q", key, keys)
		}
		document = of[key]
	}
	return document
}

// TestOpenAPI: the document lists every route but the page, and what the routes take and give, right or
// wrong, is what it says.
func TestOpenAPI(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	document, err := jsonschema.UnmarshalJSON(ask(s, "GET", "/openapi.json", "", nil).Body)
	if err != nil || at(t, document, "openapi") != "3.1.0" {
		t.Fatalf("openapi.json: %v", err)
	}
	for _, rt := range s.table() {
		if rt.path != "/{$}" && at(t, document, "paths", strings.ReplaceAll(rt.path, "...}", "}"), strings.ToLower(rt.method), "summary") == "" {
			t.Errorf("%s %s has no summary", rt.method, rt.path)
		}
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}
	fits := func(what string, body []byte, keys ...string) {
		t.Helper()
		at(t, document, keys...)
		for i, key := range keys {
			keys[i] = strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		}
		schema, err := compiler.Compile("openapi.json#/" + strings.Join(keys, "/"))
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			t.Errorf("%s: %s: %v", what, body, err)
		}
	}
	file := base64Of(picture(t, red))
	for _, c := range []struct{ method, path, query, body string }{
		{"POST", "/v1/embed", "?model=photos", `{"images":["` + file + `"]}`},
		{"POST", "/v1/compare", "", `{"left":"` + file + `","right":"` + file + `"}`},
		{"POST", "/v1/search", "?k=1&threshold=0.5", `{"image":"` + file + `"}`},
		{"GET", "/v1/models", "", ""},
		{"GET", "/livez", "", ""},
		{"GET", "/readyz", "", ""},
		{"GET", "/startupz", "", ""},
		{"POST", "/v1/embeddings", "", `{"input":["` + file + `"],"model":"photos"}`},
	} {
		operation := []string{"paths", c.path, strings.ToLower(c.method)}
		w := ask(s, c.method, c.path+c.query, "application/json", []byte(c.body))
		if w.Code != 200 {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
		}
		fits(c.path, w.Body.Bytes(), append(slices.Clone(operation), "responses", "200", "content", "application/json", "schema")...)
		if c.body == "" {
			continue
		}
		fits("request of "+c.path, []byte(c.body), append(slices.Clone(operation), "requestBody", "content", "application/json", "schema")...)
		w = ask(s, c.method, c.path, "application/json", []byte("{"))
		fits("error of "+c.path, w.Body.Bytes(), append(slices.Clone(operation), "responses", "default", "content", "application/json", "schema")...)
	}
	if !json.Valid(ask(s, "GET", "/openapi.json", "", nil).Body.Bytes()) {
		t.Error("it is no JSON")
	}
}
