package label

// MatchProgress is how far a Matching is.
type MatchProgress struct {
	Answers int    `json:"answers"` // photos with a label image
	None    int    `json:"none"`    // photos without one, of which some label images were rejected
	Used    int    `json:"used"`    // label images that stand for a photo
	Sure    person `json:"sure"`    // photos with an expected answer
	Photos  int    `json:"photos"`
	Labels  int    `json:"labels"`
}

// Progress returns how far the session is.
func (m *Matching) Progress() MatchProgress {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := MatchProgress{Answers: len(m.answer), Sure: m.person, Photos: len(m.photos.Paths), Labels: len(m.labels.Paths)}
	used := map[string]bool{}
	for _, a := range m.answer {
		used[a.Label] = true
	}
	p.Used = len(used)
	for image := range m.not {
		if _, answered := m.answer[image]; !answered {
			p.None++
		}
	}
	return p
}

// Agreements returns how second answers agree with the first ones, by people.
func (m *Matching) Agreements() []Agreement {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list agreements
	for _, a := range m.lists.Second.Answers() {
		if first, ok := m.answer[a.Image]; ok {
			list.add(first.Name, a.Name, first.Label == a.Label)
		}
	}
	return list
}
