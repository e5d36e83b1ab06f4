package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models/vectors"
)

// photo is a picture of a data set of the literature.
type photo struct {
	path, class string // in the data; of the protocol
	query       bool   // it asks, and what is no query is searched; of In-Shop alone
}

// drawn returns JPEG pictures that the project draws, each in of several classes.
func drawn(t *testing.T, each int) [][][]byte {
	t.Helper()
	files, err := sample.Files(sample.Options{Train: each, Test: 1})
	if err != nil {
		t.Fatal(err)
	}
	byClass := map[string][][]byte{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasPrefix(name, "train/") {
			continue
		}
		m, _, err := image.Decode(bytes.NewReader(files[name]))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, nil); err != nil {
			t.Fatal(err)
		}
		class := filepath.Dir(name)
		byClass[class] = append(byClass[class], b.Bytes())
	}
	var all [][][]byte
	for _, class := range slices.Sorted(maps.Keys(byClass)) {
		all = append(all, byClass[class])
	}
	return all
}

// lay writes files below a new folder, and returns it.
func lay(t *testing.T, texts map[string]string, pictures map[string][]byte) string {
	t.Helper()
	root := t.TempDir()
	put := func(name string, data []byte) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range texts {
		put(name, []byte(text))
	}
	for name, data := range pictures {
		put(name, data)
	}
	return root
}

// layout is data as its authors lay it out, and the photos of its test.
type layout struct {
	root    string
	test    []photo
	recalls []int
}

// layouts are those of the literature, of pictures by class. The network is trained on three classes of the first.
func layouts(t *testing.T, pictures [][][]byte) map[string]layout {
	t.Helper()
	return map[string]layout{"cub": layCUB(t, pictures), "cars": layCars(t, pictures), "sop": laySOP(t, pictures),
		"inshop": layInShop(t, pictures)}
}

func layCUB(t *testing.T, pictures [][][]byte) layout {
	t.Helper()
	of, images, labels, files := layout{recalls: []int{1, 2, 4, 8}}, "", "", map[string][]byte{}
	for c, list := range pictures {
		class := 98 + c // 98, 99 and 100 are trained on
		for i, data := range list {
			number, name := len(files)+1, fmt.Sprintf("%03d.Bird/%d.jpg", class, i)
			images += fmt.Sprintf("%d %s\n", number, name)
			labels += fmt.Sprintf("%d %d\n", number, class)
			files["images/"+name] = data
			if class > 100 {
				of.test = append(of.test, photo{path: "images/" + name, class: fmt.Sprint(class)})
			}
		}
	}
	of.root = lay(t, map[string]string{"images.txt": images, "image_class_labels.txt": labels}, files)
	return of
}

// layCars has four photos each of classes 1, 98, 99, 150 and 196, as the file of annotations says.
func layCars(t *testing.T, pictures [][][]byte) layout {
	t.Helper()
	annotations, err := os.ReadFile("../internal/matlab/testdata/cars_annos.mat")
	if err != nil {
		t.Fatal(err)
	}
	of, files := layout{recalls: []int{1, 2, 4, 8}}, map[string][]byte{}
	for i := range 20 {
		name := fmt.Sprintf("car_ims/%06d.jpg", i+1)
		files[name] = pictures[i/4][i%4]
		if i >= 8 {
			of.test = append(of.test, photo{path: name, class: fmt.Sprint(i / 4)})
		}
	}
	of.root = lay(t, map[string]string{"cars_annos.mat": string(annotations)}, files)
	return of
}

func laySOP(t *testing.T, pictures [][][]byte) layout {
	t.Helper()
	const head = "image_id class_id super_class_id path\n"
	of, files := layout{recalls: []int{1, 10, 100, 1000}}, map[string][]byte{}
	texts := map[string]string{"Ebay_train.txt": head, "Ebay_test.txt": head}
	for c, list := range pictures {
		file, class := "Ebay_train.txt", c+1
		if c > 2 {
			file, class = "Ebay_test.txt", 11319+c
		}
		for i, data := range list {
			name := fmt.Sprintf("lamp_final/%d_%d.JPG", class, i)
			texts[file] += fmt.Sprintf("%d %d 7 %s\n", i, class, name)
			files[name] = data
			if c > 2 {
				of.test = append(of.test, photo{path: name, class: fmt.Sprint(class)})
			}
		}
	}
	of.root = lay(t, texts, files)
	return of
}

func layInShop(t *testing.T, pictures [][][]byte) layout {
	t.Helper()
	of, files := layout{recalls: []int{1, 10, 20, 30, 40, 50}}, map[string][]byte{}
	list := "0\nimage_name item_id evaluation_status\n"
	for c, photos := range pictures {
		for i, data := range photos {
			name, status := fmt.Sprintf("img/WOMEN/Dresses/id_%08d/%02d_front.jpg", c, i), "train"
			if c > 2 {
				status = []string{"query", "gallery", "gallery"}[i%3]
				of.test = append(of.test, photo{name, fmt.Sprint(c), status == "query"})
			}
			list += fmt.Sprintf("%s id_%08d %s\n", name, c, status)
			files[name] = data
		}
	}
	of.root = lay(t, map[string]string{"Eval/list_eval_partition.txt": list}, files)
	return of
}

// TestPublished: of the layouts of the literature, as they are downloaded, each number that papers report is
// that of a plain loop over the embeddings.
func TestPublished(t *testing.T) {
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto)
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	t.Setenv("TFPAIR_RUNTIME", runtime)
	pictures := drawn(t, 9)
	all := layouts(t, pictures)
	model := filepath.Join(t.TempDir(), "run")
	tfpair(t, "train", "--data", all["cub"].root, "--out", model, "--quiet", "--preset", "siamese", "--set", "loss=contrastive", "--set", "input.size=16",
		"--set", "backbone={smallconv: {filters: [4, 8], dense: 16}}", "--set", "train.steps=20", "--set", "train.batch_size=12")
	for name, of := range all {
		t.Run(name, func(t *testing.T) {
			checkPublished(t, of, embeddingsOf(t, model, of.root), reportOf(t, model, of.root))
		})
	}
	t.Run("lfw", func(t *testing.T) { checkFolds(t, model, pictures) })
}

// publishedReport is what of evaluate's report is compared.
type publishedReport struct {
	Retrieval []struct {
		Name  string
		Value float64
	}
	Folds *struct {
		Accuracy      []float64
		Threshold     []float64
		Mean          float64
		StandardError float64 `json:"standard_error"`
	}
}

// reportOf measures all of a test, with the pictures that the network knows from the first layout.
func reportOf(t *testing.T, model, data string, args ...string) publishedReport {
	t.Helper()
	var r publishedReport
	args = append([]string{"evaluate", "--model", model, "--data", data, "--seen", "--json"}, args...)
	if err := json.Unmarshal(tfpair(t, args...), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// embeddingsOf returns the embedding of each picture below a folder, by its path there.
func embeddingsOf(t *testing.T, model, folder string) map[string][]float32 {
	t.Helper()
	out := filepath.Join(t.TempDir(), "v.npy")
	tfpair(t, "embed", "--model", model, "--data", folder, "--out", out, "--quiet")
	v, err := vectors.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string][]float32{}
	for i, name := range v.Paths {
		of[name] = v.Data[i*v.Dim:][:v.Dim]
	}
	return of
}

// euclidean is the distance of the model.
func euclidean(a, b []float32) (d float64) {
	for i := range a {
		d += (float64(a[i]) - float64(b[i])) * (float64(a[i]) - float64(b[i]))
	}
	return math.Sqrt(d)
}

func checkPublished(t *testing.T, of layout, embedding map[string][]float32, got publishedReport) {
	t.Helper()
	roles := slices.ContainsFunc(of.test, func(p photo) bool { return p.query })
	want, queries := map[string]float64{}, 0.0
	for _, query := range of.test {
		var gallery []photo
		right := 0
		for _, p := range of.test {
			if p.path != query.path && (!roles || !p.query) {
				gallery = append(gallery, p)
				if p.class == query.class {
					right++
				}
			}
		}
		if roles && !query.query || right == 0 {
			continue
		}
		queries++
		slices.SortStableFunc(gallery, func(a, b photo) int {
			return cmp.Compare(euclidean(embedding[query.path], embedding[a.path]), euclidean(embedding[query.path], embedding[b.path]))
		})
		hits, precision := 0.0, 0.0
		for rank, p := range gallery {
			if p.class != query.class {
				continue
			}
			for _, k := range of.recalls {
				if hits == 0 && rank < k {
					want[fmt.Sprintf("recall@%d", k)]++
				}
			}
			if hits++; rank < right { // Musgrave et al., 2020, section 3.2: MAP@R
				precision += hits / float64(rank+1)
			}
		}
		want["map@r"] += precision / float64(right)
	}
	found := map[string]float64{}
	for _, m := range got.Retrieval {
		found[m.Name] = m.Value
	}
	for name, sum := range want {
		if value, ok := found[name]; !ok || math.Abs(value-sum/queries) > 1e-9 {
			t.Errorf("%s is %g, want %g of %g queries", name, value, sum/queries, queries)
		}
	}
	t.Logf("%g queries: recall@1 %.3f, map@r %.3f", queries, found["recall@1"], found["map@r"])
}

// facePair is a pair of one of the folds, from 0.
type facePair struct {
	left, right string
	same        bool
	fold        int
}

// faceFolds and faceKind are how many folds there are, and pairs of each kind in one.
const faceFolds, faceKind = 10, 6

// layFaces returns the folder of the pairs, each of which is there once.
func layFaces(t *testing.T, pictures [][][]byte) (root string, list []facePair) {
	t.Helper()
	person := func(p int) string { return fmt.Sprintf("Person_%c", 'A'+p) }
	name := func(p, i int) string { return fmt.Sprintf("lfw/%s/%s_%04d.jpg", person(p), person(p), i+1) }
	files, text := map[string][]byte{}, fmt.Sprintf("%d\t%d\n", faceFolds, faceKind)
	for p, photos := range pictures {
		for i, data := range photos {
			files[name(p, i)] = data
		}
	}
	for fold := range faceFolds {
		for i := range faceKind {
			p, a := (fold*faceKind+i)%len(pictures), (fold*faceKind+i)/len(pictures)
			b := (a + 1 + a%2) % len(pictures[p])
			list = append(list, facePair{name(p, a), name(p, b), true, fold})
			text += fmt.Sprintf("%s\t%d\t%d\n", person(p), a+1, b+1)
		}
		for i := range faceKind {
			p, a := (fold*faceKind+i)%len(pictures), (fold*faceKind+i)/len(pictures)
			q := (p + 1) % len(pictures)
			list = append(list, facePair{name(p, a), name(q, a), false, fold})
			text += fmt.Sprintf("%s\t%d\t%s\t%d\n", person(p), a+1, person(q), a+1)
		}
	}
	return lay(t, map[string]string{"pairs.txt": text}, files), list
}

// checkFolds: the mean over ten folds is that of plain loops, at thresholds as good on the other folds as any.
func checkFolds(t *testing.T, model string, pictures [][][]byte) {
	t.Helper()
	root, list := layFaces(t, pictures)
	embedding, got := embeddingsOf(t, model, root), reportOf(t, model, root).Folds
	if got == nil || len(got.Accuracy) != faceFolds {
		t.Fatalf("folds %+v, want %d", got, faceFolds)
	}
	right := func(threshold float64, in func(fold int) bool) (n, all float64) {
		for _, p := range list {
			if in(p.fold) {
				all++
				if (euclidean(embedding[p.left], embedding[p.right]) <= threshold) == p.same {
					n++
				}
			}
		}
		return n, all
	}
	mean, squares := 0.0, 0.0
	for fold := range faceFolds {
		others := func(of int) bool { return of != fold }
		best, _ := right(-1, others)
		for _, p := range list {
			n, _ := right(euclidean(embedding[p.left], embedding[p.right])*(1+1e-6), others)
			best = max(best, n)
		}
		if n, _ := right(got.Threshold[fold], others); n != best {
			t.Errorf("fold %d: the threshold %g calls %g of the others right, want %g", fold+1, got.Threshold[fold], n, best)
		}
		n, all := right(got.Threshold[fold], func(of int) bool { return of == fold })
		if math.Abs(got.Accuracy[fold]-n/all) > 1e-12 {
			t.Errorf("fold %d: accuracy %g, want %g", fold+1, got.Accuracy[fold], n/all)
		}
		mean += n / all / faceFolds
	}
	for _, a := range got.Accuracy {
		squares += (a - mean) * (a - mean)
	}
	if e := math.Sqrt(squares/(faceFolds-1)) / math.Sqrt(faceFolds); math.Abs(got.Mean-mean) > 1e-9 || math.Abs(got.StandardError-e) > 1e-9 {
		t.Errorf("%g ± %g, want %g ± %g", got.Mean, got.StandardError, mean, e)
	}
	t.Logf("ten folds: %.3f ± %.3f", got.Mean, got.StandardError)
}
