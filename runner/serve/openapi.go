package serve

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
)

// object is a part of an OpenAPI document.
type object = map[string]any

// about is what the OpenAPI document says of a route.
type about struct {
	summary string // "": the document leaves the route out
	takes   any    // value of the type that its JSON is read into; nil: it takes no JSON
	files   string // names of the files of a form, by spaces; "": it takes no form
	raw     bool   // it takes a picture as its body
	gives   any    // value of the type of its answer; nil: JSON of another protocol, or text
	query   []parameter
}

// parameter is one of the query.
type parameter struct {
	name, says string
	kind       any
}

// openAPI answers GET /openapi.json: the OpenAPI 3.1 document of the routes. What they take and give comes
// from the types that they read and write.
func openAPI(c *call) (any, error) {
	paths := object{}
	for _, rt := range c.service.table() {
		if rt.about.summary == "" {
			continue
		}
		path := strings.ReplaceAll(rt.path, "...}", "}")
		operations, ok := paths[path].(object)
		if !ok {
			operations = object{}
			paths[path] = operations
		}
		operations[strings.ToLower(rt.method)] = rt.operation()
	}
	return object{
		"openapi":    "3.1.0",
		"info":       object{"title": "tfpair serve", "version": "1", "description": "Embeds, compares and finds pictures."},
		"paths":      paths,
		"components": object{"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}}},
	}, nil
}

// inPath finds the parameters of a path.
var inPath = regexp.MustCompile(`\{(\w+)(?:\.\.\.)?\}`)

// operation describes a route.
func (rt route) operation() object {
	parameters := []object{}
	for _, name := range inPath.FindAllStringSubmatch(rt.path, -1) {
		parameters = append(parameters, object{"name": name[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range rt.about.query {
		parameters = append(parameters, object{"name": p.name, "in": "query", "description": p.says, "schema": schemaOf(reflect.TypeOf(p.kind))})
	}
	ok := object{"description": "the answer"}
	if rt.about.gives != nil {
		ok["content"] = object{"application/json": object{"schema": schemaOf(reflect.TypeOf(rt.about.gives))}}
	}
	wrong := object{"description": "what is wrong", "content": object{"application/json": object{
		"schema": schemaOf(reflect.TypeOf(rt.style.body(&failure{}, "")))}}}
	operation := object{"summary": rt.about.summary, "parameters": parameters, "responses": object{"200": ok, "default": wrong}}
	if !rt.probe || rt.guarded {
		operation["security"] = []object{{"token": []string{}}, {}} // a service without --tokens asks for none
	}
	if content := rt.about.content(); len(content) > 0 {
		operation["requestBody"] = object{"required": true, "content": content}
	}
	return operation
}

// content returns the bodies that a route takes, by their type.
func (a about) content() object {
	content := object{}
	if a.takes != nil {
		content["application/json"] = object{"schema": schemaOf(reflect.TypeOf(a.takes))}
	}
	file := object{"type": "string", "format": "binary"}
	if a.files != "" {
		properties := object{}
		for _, name := range strings.Fields(a.files) {
			properties[name] = file
		}
		content["multipart/form-data"] = object{"schema": object{"type": "object", "properties": properties}}
	}
	if a.raw {
		content["image/*"] = object{"schema": file}
	}
	return content
}

// schemaOf returns the JSON schema of a type, by the tags that encoding/json reads and by doc.
func schemaOf(t reflect.Type) object {
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		if t == reflect.TypeFor[json.RawMessage]() {
			return object{}
		}
		return object{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Struct:
		properties, required := object{}, []string{}
		return object{"type": "object", "properties": properties, "required": fields(t, properties, required)}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	}
	return object{} // anything
}

// fields puts the fields of a struct into properties and appends those that are always there to required.
func fields(t reflect.Type, properties object, required []string) []string {
	for f := range t.Fields() {
		tag, hasTag := f.Tag.Lookup("json")
		if f.Anonymous && !hasTag {
			required = fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		schema := schemaOf(f.Type)
		if says := f.Tag.Get("doc"); says != "" {
			schema["description"] = says
		}
		properties[name] = schema
		if strings.Contains(options, "omit") {
			continue
		}
		required = append(required, name)
		if f.Type.Kind() == reflect.Pointer {
			schema["type"] = []any{schema["type"], "null"}
		}
	}
	return required
}
