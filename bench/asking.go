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

// askedPairs is how many answers either side has.
const askedPairs = 300

// askingOnce is what answers that were asked for come to, against as many about pairs drawn at random.
type askingOnce struct {
	Pictures int     `json:"pictures"` // asked about; as many others are measured on
	Plain    float64 `json:"plain"`    // AUC of all pairs of the others, without answers
	Chosen   float64 `json:"chosen"`   // with a head of answers that label asked for
	Random   float64 `json:"random"`   // with a head of answers about random pairs
	Same     [2]int  `json:"same"`     // answers that are same, of either
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
	answers, err := answered(ctx, o, model, folder, seed)
	if err != nil {
		return x, err
	}
	var chosen, random []label.Labelled
	for _, a := range answers {
		chosen = append(chosen, label.Labelled{Left: number[a.Left], Right: number[a.Right], Same: a.Same})
	}
	for len(random) < askedPairs {
		a, b := int32(pool[r.IntN(len(pool))]), int32(pool[r.IntN(len(pool))])
		if a != b {
			random = append(random, label.Labelled{Left: a, Right: b, Same: class(all.Paths[a]) == class(all.Paths[b])})
		}
	}
	x.Pictures = len(others)
	space := label.NewSpace(all.Data, all.Dim)
	for i, list := range [][]label.Labelled{nil, chosen, random} {
		space.Fit(list)
		auc, err := pairsAUC(space, all.Paths, others)
		if err != nil {
			return x, err
		}
		*[]*float64{&x.Plain, &x.Chosen, &x.Random}[i] = auc
	}
	for i, list := range [][]label.Labelled{chosen, random} {
		for _, l := range list {
			if l.Same {
				x.Same[i]++
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

// answered runs tfpair label and answers as the page does, by class, until the list has enough.
func answered(ctx context.Context, o options, model, folder string, seed uint64) ([]label.Answer, error) {
	list := filepath.Join(folder, "pairs.csv")
	c, err := start(ctx, "tfpair label", []string{o.tfpair, "label", "--model", model, "--data", filepath.Join(folder, "photos"), "--out", list,
		"--seed", fmt.Sprint(seed), "--json"})
	if err != nil {
		return nil, err
	}
	var ready struct{ Address string }
	if err := c.await("ready", &ready); err != nil {
		return nil, err
	}
	for done := 0; done < askedPairs; {
		var q struct {
			Left, Right int
			Paths       []string
			Done        bool
		}
		if err := talk(ctx, ready.Address+"next?name=oracle", nil, &q); err != nil {
			return nil, err
		}
		if q.Done {
			break
		}
		var told struct{ Progress struct{ Answers int } }
		if err := talk(ctx, ready.Address+"answer", map[string]any{"left": q.Left, "right": q.Right, "same": class(q.Paths[0]) == class(q.Paths[1]), "name": "oracle"}, &told); err != nil {
			return nil, err
		}
		done = told.Progress.Answers
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
