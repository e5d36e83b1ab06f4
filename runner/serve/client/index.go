package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// Entry is a picture that is put into the index of a model.
type Entry struct {
	ID       string            `json:"id"` // by which it is found and removed; the picture takes the place of another one of that id
	Picture  []byte            `json:"image"`
	Class    string            `json:"class,omitempty"`  // "": not known
	Coarse   string            `json:"coarse,omitempty"` // class of the class; "": not known
	Metadata map[string]string `json:"metadata,omitempty"`
}

// Changed is what a change has done. It is on the disk of the service.
type Changed struct {
	Of
	Put     int `json:"put"`
	Removed int `json:"removed"`
	Images  int `json:"images"` // in the index
}

// Stored is what the index of a model has of a picture.
type Stored struct {
	Of
	ID       string            `json:"id"`
	Class    string            `json:"class"`  // "": not known
	Coarse   string            `json:"coarse"` // class of the class; "": not known
	Path     string            `json:"path"`   // of the image, as the data of tfpair index names it; the id of a picture that came over HTTP
	SHA256   string            `json:"sha256"` // of the picture's file, in hexadecimal
	Metadata map[string]string `json:"metadata"`
	Picture  bool              `json:"picture"` // it has a thumbnail
}

// IndexInfo says what the index of a model is.
type IndexInfo struct {
	Of
	Images     int  `json:"images"`
	Classes    int  `json:"classes"`
	Changing   bool `json:"changing"`   // pictures can be put into it and removed, by whoever has a token of --index-tokens
	Thumbnails bool `json:"thumbnails"` // it keeps one of each picture
}

// Index returns what the index is.
func (c *Client) Index(ctx context.Context) (info IndexInfo, err error) {
	_, err = c.do(ctx, http.MethodGet, "/v1/index"+c.query("", ""), nil, nil, &info)
	return info, err
}

// Stored returns what the index has of the picture of an id; false: it has none.
func (c *Client) Stored(ctx context.Context, id string) (s Stored, ok bool, err error) {
	_, err = c.do(ctx, http.MethodGet, pathOf(id)+c.query("", ""), nil, nil, &s)
	if e := (*Error)(nil); errors.As(err, &e) && e.Absent() {
		return s, false, nil
	}
	return s, err == nil, err
}

// A request holds at most so many pictures and bytes of them, or one picture. In base64 that is below the default limits of tfpair serve.
const (
	together      = 32
	togetherBytes = 8 << 20
)

// Put puts pictures into the index, some in each request, and tells progress, unless it is nil, how many are on the disk of the service, and of
// how many. The token must be one of --index-tokens. With an error those are in that progress was told of, and the same call again puts all in.
func (c *Client) Put(ctx context.Context, entries []Entry, progress func(done, total int)) (last Changed, err error) {
	put := 0
	for done := 0; done < len(entries); {
		part := batch(entries[done:])
		if last, err = c.put(ctx, part); err != nil {
			return last, fmt.Errorf("pictures %d to %d of %d: %w", done+1, done+len(part), len(entries), err)
		}
		done, put = done+len(part), put+last.Put
		if progress != nil {
			progress(done, len(entries))
		}
	}
	last.Put = put
	return last, nil
}

// batch returns as many of entries as a request holds, one at least.
func batch(entries []Entry) []Entry {
	size := 0
	for n, e := range entries {
		if size += len(e.Picture); n == together || n > 0 && size > togetherBytes {
			return entries[:n]
		}
	}
	return entries
}

func (c *Client) put(ctx context.Context, entries []Entry) (answer Changed, err error) {
	if e := entries[0]; len(entries) == 1 && len(e.Metadata) == 0 && e.Coarse == "" { // a large picture is no longer than it is
		_, err = c.do(ctx, http.MethodPut, pathOf(e.ID)+c.query("class", e.Class), nil, e.Picture, &answer)
		return answer, err
	}
	body, err := json.Marshal(map[string]any{"entries": entries})
	if err != nil {
		return answer, err
	}
	_, err = c.do(ctx, http.MethodPost, "/v1/index"+c.query("", ""), http.Header{"Content-Type": {"application/json"}}, body, &answer)
	return answer, err
}

// Remove removes the picture of an id. The error is an *Error of status 404 where there is none.
func (c *Client) Remove(ctx context.Context, id string) (answer Changed, err error) {
	_, err = c.do(ctx, http.MethodDelete, pathOf(id)+c.query("", ""), nil, nil, &answer)
	return answer, err
}

// pathOf returns the route of a picture. An id such as ../a or a//b is one word of it: servers take such segments out of a path.
func pathOf(id string) string {
	if path.Clean("/"+id) != "/"+id {
		return "/v1/index/" + strings.ReplaceAll(url.PathEscape(id), ".", "%2E")
	}
	segments := strings.Split(id, "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	return "/v1/index/" + strings.Join(segments, "/")
}

// query returns the end of a URL that names the model, unless it is the first of the service, and a value, unless that is "".
func (c *Client) query(name, value string) string {
	query := url.Values{}
	if c.Model != "" {
		query.Set("model", c.Model)
	}
	if value != "" {
		query.Set(name, value)
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}
