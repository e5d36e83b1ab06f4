package cli

import "time"

// stages shows the progress of work that is done in stages, one after another.
type stages struct {
	out  output
	bar  *progress
	what string
}

// of returns what shows the progress of the stage that is called so. Its first call ends the
// stage before.
func (s *stages) of(what string) func(done, total int) {
	return func(done, total int) {
		if s.what != what {
			s.end()
			s.bar, s.what = newProgress(s.out, what, total, time.Now), what
		}
		s.bar.at(done, total, "")
	}
}

// end ends the last stage.
func (s *stages) end() {
	if s.bar != nil {
		s.bar.done()
	}
	s.bar, s.what = nil, ""
}
