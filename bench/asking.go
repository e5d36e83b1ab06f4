package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/runner/label"
	"github.com/tfpair/tfpair/runner/metric"
)

// askedPairs is how many answers either side has, and how many keys are pressed in the view of groups.
const askedPairs = 300

// askingOnce is what answers that were asked for come to, against as many about pairs drawn at random.
type askingOnce struct {
	Pictures int     `json:"pictures"` // asked about; as many others are measured on
	Plain    float64 `json:"plain"`    // AUC of all pairs of the others, without answers
	Chosen   float64 `json:"chosen"`   // with a head of answers that label asked for
	Random   float64 `json:"random"`   // with a head of answers about random pairs
	Same     [2]int  `json:"same"`     // answers that are same, of either
	Grouped  grouped `json:"grouped"`
}

// grouped is what the view of groups comes to.
type grouped struct {
	AUC     float64 `json:"auc"`     // as in askingOnce
	Groups  int     `json:"groups"`  // that were answered
	Keys    int     `json:"keys"`    // pressed: one for each picture that is the same as the first, or to choose all; one to confirm
	Shown   int     `json:"shown"`   // pictures
	Answers int     `json:"answers"` // pairs in the list
	Same    int     `json:"same"`    // of these
}

// asking answers tfpair label by the classes of groceries.
func asking(ctx context.Context, o options) error {
	r, err := openResults(o, "asking")
	if err != nil {
		return err
	}
	if _, err := fetchWeights(ctx, o); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "tfpair-asking-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	var all *vectors.Vectors
	model := filepath.Join(folder, "model")
	for seed := range o.seeds {
		x, err := row(o, r, fmt.Sprintf("grocery/seed=%d", seed), func() (x askingOnce, err error) {
			if all == nil {
				if all, err = embeddedBy(ctx, o, model, filepath.Join(o.grocery(), "test"), filepath.Join(folder, "all.npy")); err != nil {
					return x, err
				}
			}
			return ask(ctx, o, model, filepath.Join(folder, fmt.Sprint(seed)), all, uint64(seed))
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "AUC on %d other photos: %.4f without answers, %.4f with %d at random (%d same), %.4f with %d that label chose (%d same): %+.4f\n",
			x.Pictures, x.Plain, x.Random, askedPairs, x.Same[1], x.Chosen, askedPairs, x.Same[0], x.Chosen-x.Random)
		g := x.Grouped
		fmt.Fprintf(o.out, "  %.4f with %d keys in %d groups of %d pictures, which are %d answers (%d same): %+.4f\n",
			g.AUC, g.Keys, g.Groups, g.Shown, g.Answers, g.Same, g.AUC-x.Random)
	}
	return nil
}

// embeddedBy returns the embeddings of pictures by a network that is not trained, which it exports to model where that is
// not there.
func embeddedBy(ctx context.Context, o options, model, pictures, file string) (*vectors.Vectors, error) {
	if _, err := os.Stat(model); err != nil {
		if _, err := o.ask(ctx, &struct{}{}, "export", "--weights", "efficientnet-lite0", "--out", model); err != nil {
			return nil, err
		}
	}
	if _, err := o.ask(ctx, &struct{}{}, "embed", "--model", model, "--data", pictures, "--out", file); err != nil {
		return nil, err
	}
	return vectors.Read(file)
}

// ask labels half of the photos through the page's address, and measures heads on the other half.
func ask(ctx context.Context, o options, model, folder string, all *vectors.Vectors, seed uint64) (x askingOnce, err error) {
	r := rand.New(rand.NewPCG(seed, 1))
	order := r.Perm(len(all.Paths))
	pool, others := order[:len(order)/2], order[len(order)/2:]
	number := map[string]int32{}
	for _, i := range pool {
		number[all.Paths[i]] = int32(i)
		if err := copyPhoto(filepath.Join(o.grocery(), "test"), filepath.Join(folder, "photos"), all.Paths[i]); err != nil {
			return x, err
		}
	}
	var random []label.Labelled
	lists := [][]label.Labelled{nil}
	for _, answer := range []func(ctx context.Context, address string) error{answerPairs, x.Grouped.answer} {
		answers, err := answered(ctx, o, model, folder, seed, answer)
		if err != nil {
			return x, err
		}
		var list []label.Labelled
		for _, a := range answers {
			list = append(list, label.Labelled{Left: number[a.Left], Right: number[a.Right], Same: a.Same})
		}
		lists = append(lists, list)
	}
	for len(random) < askedPairs {
		a, b := int32(pool[r.IntN(len(pool))]), int32(pool[r.IntN(len(pool))])
		if a != b {
			random = append(random, label.Labelled{Left: a, Right: b, Same: class(all.Paths[a]) == class(all.Paths[b])})
		}
	}
	x.Pictures = len(others)
	space := label.NewSpace(all.Data, all.Dim)
	lists = append(lists, random)
	for i, list := range lists {
		space.Fit(list)
		auc, err := pairsAUC(space, all.Paths, others)
		if err != nil {
			return x, err
		}
		*[]*float64{&x.Plain, &x.Chosen, &x.Grouped.AUC, &x.Random}[i] = auc
	}
	x.Grouped.Answers = len(lists[2])
	for i, same := range []*int{&x.Same[0], &x.Grouped.Same, &x.Same[1]} {
		for _, l := range lists[i+1] {
			if l.Same {
				*same++
			}
		}
	}
	return x, nil
}

// class returns that of a photo: its folder.
func class(photo string) string { return path.Dir(photo) }

// pairsAUC returns the AUC of all pairs of photos.
func pairsAUC(s *label.Space, paths []string, photos []int) (float64, error) {
	var h metric.Histogram
	for at, i := range photos {
		var distances []float32
		var same []bool
		for _, k := range photos[:at] {
			distances = append(distances, float32(s.Distance(int32(i), int32(k))))
			same = append(same, class(paths[i]) == class(paths[k]))
		}
		if err := h.Add(distances, same); err != nil {
			return 0, err
		}
	}
	c, err := h.Curve()
	if err != nil {
		return 0, err
	}
	return metric.AUC(c), nil
}

// copyPhoto copies a photo from one folder to another, under the same path.
func copyPhoto(from, to, photo string) error {
	data, err := os.ReadFile(filepath.Join(from, photo))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(to, filepath.Dir(photo)), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, photo), data, fs.FileMode(0o644))
}

// answered runs tfpair label with a new list, has it answered at the page's address, and returns the answers.
func answered(ctx context.Context, o options, model, folder string, seed uint64, answer func(ctx context.Context, address string) error) ([]label.Answer, error) {
	lists, err := os.MkdirTemp(folder, "list-")
	if err != nil {
		return nil, err
	}
	list := filepath.Join(lists, "pairs.csv")
	c, err := start(ctx, "tfpair label", []string{o.tfpair, "label", "--model", model, "--data", filepath.Join(folder, "photos"), "--out", list,
		"--seed", fmt.Sprint(seed), "--json"})
	if err != nil {
		return nil, err
	}
	var ready struct{ Address string }
	if err := c.await("ready", &ready); err != nil {
		return nil, err
	}
	if err := answer(ctx, ready.Address); err != nil {
		return nil, err
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return nil, err
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	j, err := label.Open(list)
	if err != nil {
		return nil, err
	}
	return j.Answers(), j.Close()
}

// answerPairs answers questions about two pictures as the page does, by class, until the list has enough.
func answerPairs(ctx context.Context, address string) error {
	for done := 0; done < askedPairs; {
		var q struct {
			Left, Right int
			Paths       []string
			Done        bool
		}
		if err := talk(ctx, address+"next?name=oracle", nil, &q); err != nil {
			return err
		}
		if q.Done {
			break
		}
		var told struct{ Progress struct{ Answers int } }
		if err := talk(ctx, address+"answer", map[string]any{"left": q.Left, "right": q.Right, "same": class(q.Paths[0]) == class(q.Paths[1]), "name": "oracle"}, &told); err != nil {
			return err
		}
		done = told.Progress.Answers
	}
	return nil
}

// answer answers for groups as the page does, by class, until the next one would need more keys than there are.
func (g *grouped) answer(ctx context.Context, address string) error {
	for {
		var group struct {
			Pictures []int
			Paths    []string
		}
		if err := talk(ctx, address+"group", nil, &group); err != nil || len(group.Pictures) == 0 {
			return err
		}
		var same []bool
		chosen := 0
		for _, photo := range group.Paths[1:] {
			is := class(photo) == class(group.Paths[0])
			same = append(same, is)
			if is {
				chosen++
			}
		}
		keys := 1 + min(chosen, 1+len(same)-chosen) // all are chosen by one key, and those that are not the same taken out again
		if g.Keys+keys > askedPairs {
			return nil
		}
		if err := talk(ctx, address+"group", map[string]any{"pictures": group.Pictures, "same": same, "name": "oracle"}, &struct{}{}); err != nil {
			return err
		}
		g.Keys, g.Groups, g.Shown = g.Keys+keys, g.Groups+1, g.Shown+len(group.Pictures)
	}
}

// talk asks an address, with a body where there is one.
func talk(ctx context.Context, address string, body, into any) error {
	method, text := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address[strings.LastIndex(address, "/"):], answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
