package session

import "time"

// Trace is what the operations of some runs took.
type Trace struct {
	Runs  int
	Wall  time.Duration   // of the runs as a whole
	Kinds map[string]Took // by the operation's kind: "Conv2D"
	Names map[string]Took // by its name in the graph
}

// Took is what the operations of one kind took in all runs.
type Took struct {
	Operations int
	Time       time.Duration
}

func (t *Trace) add(kind, name string, time time.Duration) {
	if t.Kinds == nil {
		t.Kinds, t.Names = map[string]Took{}, map[string]Took{}
	}
	for to, key := range map[*map[string]Took]string{&t.Kinds: kind, &t.Names: name} {
		took := (*to)[key]
		(*to)[key] = Took{took.Operations + 1, took.Time + time}
	}
}
