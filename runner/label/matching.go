package label

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Match is what a person said of a photo and a label image.
type Match struct {
	Image, Label string // paths
	Name         string // of the person; "" not given
	Time         time.Time
}

// matchForm is that of a list of matches. Training reads the first two columns. The last one is not called time: that is when a
// photo was taken.
func matchForm(second string) form[Match] {
	return form[Match]{header: []string{"image", second, "name", "answered"},
		parse: func(row []string) (m Match, reason string) {
			m = Match{Image: row[0], Label: row[1], Name: row[2]}
			m.Time, reason = parseTime("answered", row[3])
			return m, reason
		},
		row: func(m Match) []string { return []string{m.Image, m.Label, m.Name, m.Time.UTC().Format(time.RFC3339)} }}
}

// OpenMatches opens the list of photos and their label images at path, or makes it. Errors are those of Open.
func OpenMatches(path string) (*Journal[Match], error) { return open(path, matchForm("label_image")) }

// OpenRejected opens the list of photos and label images that do not stand for them. Its header keeps it from being trained on.
func OpenRejected(path string) (*Journal[Match], error) {
	return open(path, matchForm("not_label_image"))
}

// MatchLists are where answers of a Matching go.
type MatchLists struct {
	Chosen   *Journal[Match] // one answer of each photo
	Rejected *Journal[Match] // label images that were shown for a photo, and are not it
	Second   *Journal[Match] // what others said of photos that have an answer; no label image where it was none of those shown
}

// Matching asks which label image stands for each photo. It is safe for concurrent use.
type Matching struct {
	photos, labels Pictures
	photo, label   map[string]int // number of each path
	ranking        *ranking
	order          []int32 // in which photos are asked about
	lists          MatchLists
	now            func() time.Time

	mu      sync.Mutex // protects all that follows, and what ranking has learnt
	random  *rand.Rand
	turn    int                 // photos asked about
	answer  map[string]Match    // of each photo that has one
	not     map[string][]string // label images rejected for each photo
	skipped map[string]bool     // by this session
	wide    float64             // lead of a suggestion that leaves no doubt
	sure    map[string]string   // expected label images of sure photos that are out
	person  person
	last    []*Journal[Match] // that this session's answers went to
}

// suggestions is how many label images are shown at once.
const suggestions = 5

// NewMatching returns a session over photos and label images that goes on with what the lists hold. Rows whose pictures are not
// there stay as they are. Equal seeds and equal answers ask equal questions. The error says that there are too few pictures.
func NewMatching(photos, labels Pictures, lists MatchLists, seed uint64, now func() time.Time) (*Matching, error) {
	if len(photos.Paths) < 2 || len(labels.Paths) < 2 {
		return nil, fmt.Errorf("%d photos and %d label images are too few to ask about, want at least 2 of either", len(photos.Paths), len(labels.Paths))
	}
	m := &Matching{photos: photos, labels: labels, photo: numbered(photos.Paths), label: numbered(labels.Paths), ranking: newRanking(photos, labels),
		lists: lists, now: now, random: rand.New(rand.NewPCG(seed, 0x6d617463)), answer: map[string]Match{}, not: map[string][]string{}, skipped: map[string]bool{}, sure: map[string]string{}}
	for _, i := range m.ranking.space.spread(m.random) {
		if int(i) < len(photos.Paths) {
			m.order = append(m.order, i)
		}
	}
	m.read()
	return m, nil
}

func numbered(paths []string) map[string]int {
	number := make(map[string]int, len(paths))
	for i, path := range paths {
		number[path] = i
	}
	return number
}

// read makes what follows from the lists.
func (m *Matching) read() {
	clear(m.answer)
	clear(m.not)
	for _, a := range m.lists.Chosen.Answers() {
		m.answer[a.Image] = a
	}
	for _, a := range m.lists.Rejected.Answers() {
		m.not[a.Image] = append(m.not[a.Image], a.Label)
	}
	m.learn()
}

// chosen returns the answers whose pictures are there.
func (m *Matching) chosen() (list []chosen) {
	for _, a := range m.lists.Chosen.Answers() {
		photo, ok := m.photo[a.Image]
		label, known := m.label[a.Label]
		if ok && known {
			list = append(list, chosen{int32(photo), int32(label)})
		}
	}
	return list
}

// Suggestion is a photo and the label images that are nearest to it, by their numbers.
type Suggestion struct {
	Photo  int
	Labels []int
}

// Next returns a photo to ask a person about: first those that nobody has said anything of, then those for which none of the label
// images shown was chosen, with the next ones. Every tenth is one that another person has answered, every twelfth a sure one, where there are such. The
// error is ErrNothingLeft.
func (m *Matching) Next(name string) (Suggestion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn++
	if m.turn%secondEvery == 0 {
		if s, ok := m.again(name); ok {
			return s, nil
		}
	}
	if m.turn%sureEvery == 0 {
		if s, ok := m.sureOne(); ok {
			return s, nil
		}
	}
	best, fewest := int32(-1), len(m.labels.Paths)
	for _, i := range m.order {
		path := m.photos.Paths[i]
		if _, answered := m.answer[path]; !answered && !m.skipped[path] && len(m.not[path]) < fewest {
			best, fewest = i, len(m.not[path])
		}
	}
	if best < 0 {
		return Suggestion{}, ErrNothingLeft
	}
	return m.suggest(best), nil
}

// suggest returns the nearest label images of a photo that were not rejected for it.
func (m *Matching) suggest(photo int32) Suggestion {
	s := Suggestion{Photo: int(photo)}
	for _, l := range m.ranking.order(photo) {
		if len(s.Labels) < suggestions && !slices.Contains(m.not[m.photos.Paths[photo]], m.labels.Paths[l]) {
			s.Labels = append(s.Labels, int(l))
		}
	}
	return s
}

// again returns a photo that another person has answered and this one has not, with what was chosen among the suggestions.
func (m *Matching) again(name string) (Suggestion, bool) {
	mine := map[string]bool{}
	for _, a := range m.lists.Second.Answers() {
		mine[a.Image] = mine[a.Image] || a.Name == name
	}
	list := m.lists.Chosen.Answers()
	for _, i := range m.random.Perm(len(list)) {
		a := list[i]
		photo, ok := m.photo[a.Image]
		label, known := m.label[a.Label]
		if !ok || !known || a.Name == name || mine[a.Image] || m.skipped[a.Image] {
			continue
		}
		s := m.suggest(int32(photo))
		if len(s.Labels) > 0 && !slices.Contains(s.Labels, label) {
			s.Labels[len(s.Labels)-1] = label
		}
		return s, true
	}
	return Suggestion{}, false
}

// MatchContradiction is two answers that cannot both be right.
type MatchContradiction struct {
	Answer Match `json:"answer"` // its label image is "" where it was none of those shown
	Other  Match `json:"other"`  // the earlier one, of the same photo or of one that is the same picture
}

// Choose keeps that a label image stands for a photo. Once it returns, the answer is on the disk. It returns what the answer
// contradicts, nil where it does not. Errors are those of Journal.Append and *UnknownError.
func (m *Matching) Choose(photo, label int, name string) (*MatchContradiction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, err := m.match(photo, label, name)
	if err != nil {
		return nil, err
	}
	if first, ok := m.answer[a.Image]; ok {
		return m.saySecond(a, first, a.Label != first.Label)
	}
	if err := m.append(m.lists.Chosen, a); err != nil {
		return nil, err
	}
	m.answer[a.Image] = a
	m.measure(a)
	if len(m.lists.Chosen.Answers())%learnEvery == 0 {
		m.learn()
	} else {
		m.ranking.of[label] = append(m.ranking.of[label], int32(photo))
	}
	return m.copies(a, photo), nil
}

// None keeps that none of the label images stands for a photo. All of that is on the disk once it returns.
func (m *Matching) None(photo int, labels []int, name string) (*MatchContradiction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(labels) == 0 {
		return nil, fmt.Errorf("none of no label images was chosen for photo %d, want those that were shown", photo)
	}
	var list []Match
	for _, l := range labels {
		a, err := m.match(photo, l, name)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	a := list[0]
	if first, ok := m.answer[a.Image]; ok {
		a.Label = ""
		return m.saySecond(a, first, slices.ContainsFunc(list, func(a Match) bool { return a.Label == first.Label }))
	}
	if err := m.append(m.lists.Rejected, list...); err != nil {
		return nil, err
	}
	for _, a := range list {
		m.not[a.Image] = append(m.not[a.Image], a.Label)
	}
	a.Label = ""
	m.measure(a)
	return nil, nil //nolint:nilnil // nothing is contradicted
}

// append brings answers to the disk.
func (m *Matching) append(to *Journal[Match], list ...Match) error {
	if err := to.Append(list...); err != nil {
		return err
	}
	m.last = append(m.last, to)
	return nil
}

// saySecond keeps a second answer of a photo.
func (m *Matching) saySecond(a, first Match, differs bool) (*MatchContradiction, error) {
	if err := m.append(m.lists.Second, a); err != nil || !differs {
		return nil, err
	}
	return &MatchContradiction{Answer: a, Other: first}, nil
}

// match returns the answer of numbers.
func (m *Matching) match(photo, label int, name string) (Match, error) {
	if photo < 0 || photo >= len(m.photos.Paths) {
		return Match{}, &UnknownError{photo, len(m.photos.Paths)}
	}
	if label < 0 || label >= len(m.labels.Paths) {
		return Match{}, &UnknownError{label, len(m.labels.Paths)}
	}
	return Match{Image: m.photos.Paths[photo], Label: m.labels.Paths[label], Name: name, Time: m.now()}, nil
}

// copyApart is the largest squared distance of embeddings, relative to their lengths, of two files of one picture.
const copyApart = 1e-6

// copies returns an earlier answer of a photo that is the same picture, and has another label image.
func (m *Matching) copies(a Match, photo int) *MatchContradiction {
	row := m.photos.Embeddings[photo*m.photos.Dim:][:m.photos.Dim]
	for _, other := range m.lists.Chosen.Answers() {
		i, ok := m.photo[other.Image]
		if !ok || i == photo || other.Label == a.Label {
			continue
		}
		apart, sum := 0.0, 0.0
		for d, v := range m.photos.Embeddings[i*m.photos.Dim:][:m.photos.Dim] {
			apart += float64(v-row[d]) * float64(v-row[d])
			sum += float64(v) * float64(v)
		}
		if apart <= copyApart*sum {
			return &MatchContradiction{Answer: a, Other: other}
		}
	}
	return nil
}

// Skip does not ask about a photo again in this session.
func (m *Matching) Skip(photo int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, err := m.match(photo, 0, "")
	if err == nil {
		m.skipped[a.Image] = true
		delete(m.sure, a.Image)
	}
	return err
}

// Undo takes the last answer back, and returns its photo with what is suggested now. ok is false where there is none.
func (m *Matching) Undo() (s Suggestion, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := m.latest()
	a, ok, err := from.Undo()
	if !ok || err != nil {
		return s, ok, err
	}
	if from == m.lists.Rejected { // the other label images that were shown with it
		for list := from.Answers(); len(list) > 0 && alike(list[len(list)-1], a); list = from.Answers() {
			if _, _, err := from.Undo(); err != nil {
				return s, true, err
			}
		}
	}
	m.read()
	photo, known := m.photo[a.Image]
	if !known {
		return s, false, nil
	}
	return m.suggest(int32(photo)), true, nil
}

// alike reports whether two rows are of one answer.
func alike(a, b Match) bool { return a.Image == b.Image && a.Name == b.Name && a.Time.Equal(b.Time) }

// latest returns the list that the last answer went to.
func (m *Matching) latest() *Journal[Match] {
	if n := len(m.last); n > 0 {
		from := m.last[n-1]
		m.last = m.last[:n-1]
		return from
	}
	chosen, rejected := m.lists.Chosen.Answers(), m.lists.Rejected.Answers()
	if len(rejected) > 0 && (len(chosen) == 0 || rejected[len(rejected)-1].Time.After(chosen[len(chosen)-1].Time)) {
		return m.lists.Rejected
	}
	return m.lists.Chosen
}
