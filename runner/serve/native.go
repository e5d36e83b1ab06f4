package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
)

// pictureRequest is JSON with pictures.
type pictureRequest struct {
	Model  string       `json:"model,omitempty" doc:"name of the model; the first one where it is left out"`
	Image  string       `json:"image,omitempty" doc:"a picture in base64, or as a data URI"`
	Images list[string] `json:"images,omitempty" doc:"several pictures"`
}

// embedded is the answer of /v1/embed.
type embedded struct {
	of
	Dim        int         `json:"dim" doc:"numbers of an embedding"`
	Embeddings [][]float32 `json:"embeddings" doc:"of the pictures, in their order"`
}

// of says whose answer it is.
type of struct {
	Model   string `json:"model" doc:"its name"`
	Version int    `json:"version" doc:"number of its version, 0 if it has none"`
	Space   string `json:"embedding_space" doc:"embeddings can be compared where this is equal: store it beside them"`
}

func (l *loaded) of() of { return of{l.name, l.info.Version, l.info.Manifest.Space} }

// embedPictures answers POST /v1/embed.
func embedPictures(c *call) (any, error) {
	l, rows, err := c.embeddings(c.files())
	if err != nil {
		return nil, err
	}
	return embedded{l.of(), l.info.Manifest.EmbeddingDim, split(rows, l.info.Manifest.EmbeddingDim)}, nil
}

// embeddings returns those of the pictures of a request [N,D], and the model of a name, which made them; err is that
// of reading the request.
func (c *call) embeddings(files [][]byte, name string, err error) (*loaded, []float32, error) {
	if err != nil {
		return nil, nil, err
	}
	l, err := c.model(name)
	if err != nil {
		return nil, nil, err
	}
	rows, err := c.embed(l, files)
	return l, rows, err
}

// split returns the rows of embeddings [N,D].
func split(rows []float32, dim int) [][]float32 {
	var list [][]float32
	for ; len(rows) >= dim; rows = rows[dim:] {
		list = append(list, rows[:dim])
	}
	return list
}

// files returns the pictures of a request, as they were sent, and the name of the model that it is for.
func (c *call) files() (files [][]byte, model string, err error) {
	model = c.request.URL.Query().Get("model")
	kind, parameters := contentType(c.request)
	switch kind {
	case "multipart/form-data":
		parts, err := c.form(parameters["boundary"], c.service.limits.Pictures)
		for _, p := range parts {
			files = append(files, p.data)
		}
		return files, model, err
	case "application/json":
		var r pictureRequest
		if err := c.decodeJSON(&r); err != nil {
			return nil, "", err
		}
		if r.Image != "" {
			r.Images = append([]string{r.Image}, r.Images...)
		}
		files, err := filesOf(r.Images...)
		return files, orWord(r.Model, model), err
	}
	data, err := c.body() // whatever it says it is: the first bytes of a picture tell
	return [][]byte{data}, model, err
}

func orWord(word, otherwise string) string {
	if word == "" {
		return otherwise
	}
	return word
}

// pairRequest is JSON with two pictures.
type pairRequest struct {
	Model string `json:"model,omitempty" doc:"name of the model; the first one where it is left out"`
	Left  string `json:"left" doc:"a picture in base64, or as a data URI"`
	Right string `json:"right" doc:"the other"`
}

// comparison is the answer of /v1/compare.
type comparison struct {
	of
	Distance    float32           `json:"distance" doc:"of the embeddings; smaller is closer"`
	Same        *bool             `json:"same,omitempty" doc:"the distance is at most the threshold; absent where the model has none"`
	Probability *float32          `json:"probability,omitempty" doc:"of the same, at a prevalence of a half; absent where the model has none"`
	Threshold   *models.Threshold `json:"threshold,omitempty" doc:"distance up to which two pictures are the same, and where it comes from"`
}

// comparePictures answers POST /v1/compare.
func comparePictures(c *call) (any, error) {
	l, rows, err := c.embeddings(c.pair())
	if err != nil {
		return nil, err
	}
	dim := l.info.Manifest.EmbeddingDim
	list, err := l.Model.CompareEmbeddings(c.ctx, rows[:dim], rows[dim:])
	if err != nil {
		return nil, err
	}
	answer := comparison{of: l.of(), Distance: list[0].Distance, Probability: list[0].Probability}
	if m := l.info.Manifest; !m.Uncalibrated() {
		answer.Same, answer.Threshold = &list[0].Same, &m.Threshold
	}
	return answer, nil
}

// pair returns the two pictures of a request.
func (c *call) pair() (files [][]byte, model string, err error) {
	model = c.request.URL.Query().Get("model")
	switch kind, parameters := contentType(c.request); kind {
	case "multipart/form-data":
		parts, err := c.form(parameters["boundary"], 2)
		if err != nil {
			return nil, "", err
		}
		if len(parts) != 2 || parts[0].name == parts[1].name {
			return nil, "", malformed("the form must have the files left and right")
		}
		if parts[0].name == "right" {
			parts[0], parts[1] = parts[1], parts[0]
		}
		if parts[0].name != "left" || parts[1].name != "right" {
			return nil, "", malformed("the form must have the files left and right, got %q and %q", parts[0].name, parts[1].name)
		}
		return [][]byte{parts[0].data, parts[1].data}, model, nil
	case "application/json":
		var r pairRequest
		if err := c.decodeJSON(&r); err != nil {
			return nil, "", err
		}
		if r.Left == "" || r.Right == "" {
			return nil, "", malformed("the JSON must have the pictures left and right")
		}
		files, err := filesOf(r.Left, r.Right)
		return files, orWord(r.Model, model), err
	}
	return nil, "", failed(http.StatusUnsupportedMediaType, "no_pair",
		"two pictures come as multipart/form-data with the files left and right, or as application/json; got Content-Type %q",
		c.request.Header.Get("Content-Type"))
}

// found is the answer of /v1/search.
type found struct {
	of
	Images    int           `json:"images" doc:"searched"`
	Threshold *float64      `json:"threshold,omitempty" doc:"distance up to which a hit is accepted; absent: there is none, and nothing is accepted"`
	Pictures  bool          `json:"pictures,omitempty" doc:"the index has thumbnails: GET /v1/index/ID?picture=true"`
	Results   [][]searchHit `json:"results" doc:"of each picture the nearest, nearest first"`
	Votes     []*vote       `json:"votes,omitempty" doc:"of each picture the class that its nearest name, null where none of them has a class"`
}

// vote is the class of a picture.
type vote struct {
	index.Vote
	Accepted bool `json:"accepted" doc:"the nearest picture is within the threshold; else the class is none of these"`
}

// searchHit is one answer of a search.
type searchHit struct {
	models.Hit
	Path string `json:"path,omitempty" doc:"of the picture, as it was indexed"`
}

// mostHits is the largest k: an answer then has about 100 KB a picture.
const mostHits = 1000

// hitBytes is what a hit takes beside its words: in the lists of the index and of the answer, which grow by doubling, and as JSON twice, since
// that is copied once.
const hitBytes = 512

// wordsOf returns how many bytes the words of hits take as JSON, twice.
func wordsOf(lists [][]models.Hit) (bytes int64) {
	for _, list := range lists {
		for _, hit := range list {
			bytes += 2 * int64(len(hit.ID)+len(hit.Class))
		}
	}
	return bytes
}

// searchPictures answers POST /v1/search.
func searchPictures(c *call) (any, error) {
	k, voters, threshold, err := c.searchOptions()
	if err != nil {
		return nil, err
	}
	files, name, err := c.files()
	if err != nil {
		return nil, err
	}
	l, err := c.model(name)
	if err != nil {
		return nil, err
	}
	if l.Index == nil {
		return nil, failed(http.StatusNotFound, "no_index", "model %q has nothing to search: serve it with an index, or export it with a gallery", l.name)
	}
	_, elsewhere := l.Index.(*database)
	c.searches = !elsewhere // a database that does not answer keeps none of our cores busy
	rows, err := c.embed(l, files)
	if err != nil {
		return nil, err
	}
	most := max(k, voters)
	if err := c.hold.takeAnswer(int64(len(files)*min(most, l.Index.Len())) * hitBytes); err != nil {
		return nil, err
	}
	began := time.Now()
	lists, err := l.Index.SearchEmbeddings(rows, most)
	if err != nil {
		return nil, err
	}
	c.took("search", began)
	if err := c.hold.takeAnswer(wordsOf(lists)); err != nil {
		return nil, err
	}
	return l.found(lists, k, voters, threshold), nil
}

// found returns the answer: the k nearest, accepted up to the threshold where one is given, and the vote of voters.
func (l *loaded) found(lists [][]models.Hit, k, voters int, threshold *float64) found {
	if threshold == nil {
		if own, ok := l.Index.Threshold(); ok {
			threshold = &own.Value
		}
	}
	answer := found{of: l.of(), Images: l.Index.Len(), Threshold: threshold, Results: make([][]searchHit, len(lists))}
	if _, ok := l.Index.(keeper); ok {
		answer.Pictures = l.Index.About().Thumbnails > 0
	}
	for i, list := range lists {
		if len(list) > 0 {
			l.drift.Searched(list[0].Distance, list[0].Accepted) // by the threshold of the index, which does not change
		}
		for rank, hit := range list {
			list[rank].Accepted = threshold != nil && models.Threshold{Value: *threshold}.Accepts(hit.Distance)
			if rank < k {
				answer.Results[i] = append(answer.Results[i], searchHit{Hit: list[rank]})
			}
		}
	}
	answer.Votes = votes(lists, voters)
	return answer
}

// votes returns the class of each picture by the nearest of its list; nil where no picture has one.
func votes(lists [][]models.Hit, voters int) []*vote {
	all, some := make([]*vote, len(lists)), false
	for i, list := range lists {
		if len(list) == 0 {
			continue
		}
		if v, named := models.Vote(list, voters); named {
			all[i], some = &vote{v, list[0].Accepted}, true
		}
	}
	if !some {
		return nil
	}
	return all
}

// searchOptions reads ?k=, ?vote= and ?threshold=.
func (c *call) searchOptions() (k, voters int, threshold *float64, err error) {
	query := c.request.URL.Query()
	k, voters = 5, index.DefaultVote // as tfpair search
	for name, value := range map[string]*int{"k": &k, "vote": &voters} {
		if text := query.Get(name); text != "" {
			if *value, err = strconv.Atoi(text); err != nil || *value < 1 || *value > mostHits {
				return 0, 0, nil, malformed("%s must be a whole number from 1 to %d, got %q", name, mostHits, text)
			}
		}
	}
	if text := query.Get("threshold"); text != "" {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || value-value != 0 {
			return 0, 0, nil, malformed("threshold must be a number, got %q", text)
		}
		threshold = &value
	}
	return k, voters, threshold, nil
}

// modelInfo is what /v1/models says of one.
type modelInfo struct {
	of
	State     string            `json:"state" doc:"AVAILABLE, or LOADING before the first version is open"`
	Dim       int               `json:"dim" doc:"numbers of an embedding"`
	Distance  string            `json:"distance" doc:"by which embeddings are compared"`
	Threshold *models.Threshold `json:"threshold,omitempty" doc:"distance up to which two pictures are the same; absent where there is none"`
	Size      int               `json:"size" doc:"side in pixels at which the network sees a picture"`
	Images    int               `json:"images" doc:"that can be searched"`
	SHA256    string            `json:"weights_sha256,omitempty" doc:"of its weights"`
}

// modelList is the answer of /v1/models.
type modelList struct {
	Models []modelInfo `json:"models" doc:"the first answers requests that name none"`
}

// States of a model, as TensorFlow Serving calls them.
const (
	available = "AVAILABLE"
	loading   = "LOADING"
)

// listModels answers GET /v1/models.
func listModels(c *call) (any, error) {
	var list modelList
	for _, p := range c.service.slots {
		l, done := p.use()
		if l == nil {
			list.Models = append(list.Models, modelInfo{of: of{Model: p.Name}, State: loading})
			continue
		}
		m := l.info.Manifest
		row := modelInfo{of: l.of(), State: available, Dim: m.EmbeddingDim, Distance: m.Distance, Size: m.Preprocessing.Size, SHA256: m.WeightsSHA256}
		if !m.Uncalibrated() {
			row.Threshold = &m.Threshold
		}
		if l.Index != nil {
			row.Images = l.Index.Len()
		}
		list.Models = append(list.Models, row)
		done()
	}
	return list, nil
}
