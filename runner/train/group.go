package train

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/runner/network"
)

// Group is the processes that train together; collective.Group is one. Rank 0 is the chief: it calls Run, and all
// others call Work. They do the same things in the same order:
//
//	cards compared → state of the chief → meetings: a step, or variables compared, or the end
//
// A method fails where a process is lost, with an error that names it.
type Group interface {
	network.Peers
	// Share gives all processes what each has in its own place of v, with zeros in the places of others.
	Share(v []int32) error
	// Texts gives all processes the text of each, by rank.
	Texts(text string) ([]string, error)
	// Name names the process of a rank in errors: "worker 1".
	Name(rank int) string
	// Alive says that this process gets on with what it does by itself: one that does not is lost. Any goroutine may call it.
	Alive()
	// InMemory reports whether the processes add up in memory that they share, and not by connections: three or more do it in
	// another order then, with other last digits.
	InMemory() bool
	// Traffic returns how many bytes this process has sent to the others so far, and how long it has added up and shared,
	// waiting for them included.
	Traffic() (sent int64, took time.Duration)
	// Leave ends the group: who is gone afterwards is not lost.
	Leave()
}

// What is said at a meeting. A process other than the chief says willing or leaving.
const (
	willing int32 = iota
	leaving       // this process was told to stop
	aStep         // of the chief: make a step
	compare       // of the chief: compare variables
	ended         // of the chief: the training has ended
	stopped       // of the chief: it has ended before its last step, and says why
)

// compareEvery is after how many steps the variables of all processes are compared, beside at each checkpoint.
const compareEvery = 100

// ApartError says that variables of processes that train together differ.
type ApartError struct {
	Step int
	Who  []string // "worker 1 in head/kernel and 2 more"
}

func (e *ApartError) Error() string {
	return fmt.Sprintf("after step %d variables are not those of the chief: %s", e.Step, strings.Join(e.Who, "; "))
}

// LeftError says that a process of the group has ended the training of all, before its last step.
type LeftError struct {
	Who  string
	Step int
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("%s has left the training after step %d; it says why", e.Who, e.Step)
}

// CheckGroup refuses what several processes cannot do yet. Its error is a *graphs.MisfitError.
func (r *Resolved) CheckGroup() error {
	t := r.Spec.Train
	for _, c := range []struct {
		is   bool
		what string
	}{
		{t.Folds > 0, "train.folds"},
		{r.Backbone.Members != nil, "a backbone of several networks"},
		{t.Accumulate > 1, "train.accumulate; a larger train.batch_size is the same"},
		{r.Sampler.Mining.Every > 0, fmt.Sprintf("sampler %q; sampler balanced draws batches that all can plan", r.Spec.Sampler.Name)},
	} {
		if c.is {
			return &graphs.MisfitError{Err: fmt.Errorf("several processes cannot train with %s", c.what)}
		}
	}
	return nil
}

// ofGroup returns the spec of c for several processes, or as it is where there is one.
func (c *Config) ofGroup() (*Resolved, error) {
	if c.Group == nil {
		return c.Resolved, nil
	}
	if err := c.CheckGroup(); err != nil {
		return nil, err
	}
	shared, parts := *c.Resolved, *c.Parts
	parts.Shared, shared.Parts = true, &parts
	return &shared, nil
}

// watched returns an observer of a process of a group, which gets on with each event.
func (c *Config) watched() func(Event) {
	observe := c.Observe
	if observe == nil {
		observe = func(Event) {}
	}
	if c.Group == nil {
		return observe
	}
	return func(e Event) {
		c.Group.Alive()
		observe(e)
	}
}

// embedded says to the group, if there is one, that images have been embedded.
func (l *loop) embedded(int, int) {
	if l.Group != nil {
		l.Group.Alive()
	}
}

// groupNotes says who makes a step, and what that changes.
func (l *loop) groupNotes() []string {
	if l.Group == nil {
		return nil
	}
	how := "by connections"
	if l.Group.InMemory() {
		how = "in memory that they share"
	}
	notes := []string{fmt.Sprintf("%d processes make each step: of a batch of %d each embeds its part, and the loss sees all of it; gradients are added up %s",
		l.Group.Size(), l.Spec.Train.BatchSize, how),
		"until it ends, this training listens on all interfaces of its machines, and obeys whoever reaches its ports: use a private network"}
	switch {
	case !l.Backbone.Modes && !l.Head.Modes:
	case l.Spec.Train.SyncBN:
		notes = append(notes, "batch norm sees all images of a step: its sums are added up over processes, twice for each layer")
	default:
		notes = append(notes, "batch norm and dropout see the images of one process, and not all images of a step together; "+
			"train.sync_bn=true has batch norm see all of them, freeze_bn keeps it fixed")
	}
	if l.network.Graph.Features != nil {
		notes = append(notes, "several processes do not keep features: the frozen part of the backbone sees each image in each step")
	}
	return notes
}

// shareState sets all processes to the chief's variables, targets and step.
func (l *loop) shareState() error {
	step := []int32{int32(l.step)}
	if err := l.Group.Share(step); err != nil {
		return err
	}
	l.step = int(step[0])
	c, err := l.network.Snapshot()
	if err != nil {
		return err
	}
	for _, t := range slices.Concat(c.Variables, c.Optimizer) {
		if l.Group.Rank() > 0 {
			clear(t.Data)
		}
		if err := l.Group.ShareFloats(t.Data); err != nil {
			return err
		}
	}
	if l.Group.Rank() > 0 {
		if err := l.network.Restore(c); err != nil {
			return err
		}
	}
	l.joinedAt = l.step
	err = l.shareTargets()
	l.met = err == nil
	return err
}

// shareTargets gives all processes the vectors of label images where these are frozen.
func (l *loop) shareTargets() error {
	if !l.network.FrozenTargets() {
		return nil
	}
	t := l.network.Targets()
	if l.Group.Rank() > 0 {
		t = network.Targets{Images: l.labelImages, Vectors: make([]float32, len(l.labelImages)*l.network.Dim())}
	}
	t.Vectors = slices.Clone(t.Vectors)
	if err := l.Group.ShareFloats(t.Vectors); err != nil {
		return err
	}
	return l.network.SetTargets(t)
}

// meet tells all processes what this one says, and returns what each does, by rank.
func (l *loop) meet(word int32) ([]int32, error) {
	words := make([]int32, l.Group.Size())
	words[l.Group.Rank()] = word
	l.met = false
	err := l.Group.Share(words)
	l.met = err == nil
	return words, err
}

// compareVariables compares the variables of all processes. Where one differs, all get the *ApartError.
func (l *loop) compareVariables() error {
	l.met = false
	c, err := l.network.Snapshot()
	if err != nil {
		return err
	}
	all := slices.Concat(c.Variables, c.Optimizer)
	const words = 2 // of 32 bits: enough to tell that something went wrong
	sums := make([]int32, l.Group.Size()*len(all)*words)
	for i, t := range all {
		sum := sumOf(t)
		copy(sums[(l.Group.Rank()*len(all)+i)*words:], []int32{int32(binary.LittleEndian.Uint32(sum[:])), int32(binary.LittleEndian.Uint32(sum[4:]))})
	}
	if err := l.Group.Share(sums); err != nil {
		return err
	}
	e := &ApartError{Step: l.step}
	for rank := range l.Group.Size() {
		var names []string
		for i, t := range all {
			at := (rank*len(all) + i) * words
			if !slices.Equal(sums[at:at+words], sums[i*words:(i+1)*words]) {
				names = append(names, t.Name)
			}
		}
		if more := len(names) - 3; more > 0 {
			names = append(names[:3], fmt.Sprintf("%d more", more))
		}
		if len(names) > 0 {
			e.Who = append(e.Who, l.Group.Name(rank)+" in "+strings.Join(names, ", "))
		}
	}
	if len(e.Who) > 0 {
		l.Group.Leave()
		return e
	}
	l.met = true
	return nil
}

// sumOf returns the SHA-256 of a tensor's numbers.
func sumOf(t checkpoint.Tensor) [sha256.Size]byte {
	bits := make([]byte, 0, 4*len(t.Data))
	for _, x := range t.Data {
		bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(x))
	}
	return sha256.Sum256(bits)
}
