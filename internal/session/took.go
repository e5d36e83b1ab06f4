package session

import "time"

// Trace is what the operations of some runs took.
type Trace struct {
	Runs  int
	Wall  time.Duration   // of the runs as a whole
	Kinds map[string]Took // by the operation's kind: "Conv2D"
}

// Took is what the operations of one kind took in all runs.
type Took struct {
	Operations int
	Time       time.Duration
}

func (t *Trace) add(kind string, time time.Duration) {
	if t.Kinds == nil {
		t.Kinds = map[string]Took{}
	}
	took := t.Kinds[kind]
	t.Kinds[kind] = Took{took.Operations + 1, took.Time + time}
}
