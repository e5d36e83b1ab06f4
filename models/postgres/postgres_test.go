package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/models/postgres/postgrestest"
)

const dim = 16

// vectors draws n vectors around 20 centres; each tenth is there twice, so that some are as far as others.
func vectors(seed uint64, n int) []float32 {
	random := rand.New(rand.NewPCG(seed, 2))
	centres := make([]float64, 20*dim)
	for i := range centres {
		centres[i] = random.NormFloat64()
	}
	data := make([]float32, n*dim)
	for row := range n {
		of := random.IntN(20)
		for i := range dim {
			data[row*dim+i] = float32(centres[of*dim+i] + random.NormFloat64()/3)
		}
		if row%10 == 9 {
			copy(data[row*dim:][:dim], data[(row-1)*dim:][:dim])
		}
	}
	return data
}

// indexOf returns an index of n vectors, whose ids begin with prefix.
func indexOf(t testing.TB, distance, prefix string, seed uint64, n int) *index.Index {
	t.Helper()
	items := make([]index.Item, n)
	for i := range items {
		items[i] = index.Item{ID: fmt.Sprintf("%s%05d", prefix, i), Path: fmt.Sprintf("ü/%05d.jpg", i), Class: fmt.Sprint("class ", i%7)}
	}
	x, err := index.New(index.About{Kind: "flat", Space: "space", Model: "m", Distance: distance, Dim: dim}, items, vectors(seed, n))
	if err != nil {
		t.Fatal(err)
	}
	return x.Accepting(index.Accept{Threshold: distance04, Images: n})
}

var distance04 = distance.Threshold{Value: 0.4, Source: "test"}

func push(t testing.TB, url string, x *index.Index, o postgres.Options) (*postgres.Index, postgres.Pushed) {
	t.Helper()
	there, p, err := postgres.Push(t.Context(), url, x, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close() }) // it says nothing
	return there, p
}

// written says which transactions wrote the entries of a database, and what is in them.
func written(t *testing.T, url string) (sum string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }() // read only
	err = c.QueryRow(t.Context(), `SELECT md5(string_agg(e.xmin::text || e::text, ',' ORDER BY index, row)) || (SELECT md5(string_agg(i::text, ',')) FROM tfpair.index i) FROM tfpair.entry e`).Scan(&sum)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestPostgres runs on one server, since it takes a second to start.
func TestPostgres(t *testing.T) {
	s := postgrestest.Start(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, string)
	}{{"exact", testExact}, {"again", testAgain}, {"graph", testGraph}, {"writers", testWriters},
		{"kill", testKill}, {"space", testSpace}, {"secret", testSecret}, {"changes", testChanges}, {"threshold", testThreshold},
		{"suggest", testSuggest}} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s.Database(t)) })
	}
}

// testExact: without a graph the answers are those of an index folder, to the last digit and in its order.
func testExact(t *testing.T, url string) {
	for _, between := range []string{"cosine", "euclidean", "sqeuclidean"} {
		x := indexOf(t, between, "", 1, 2500)
		there, p := push(t, url+"?index="+between, x, postgres.Options{Flat: true})
		if p.Added != 2500 || p.Same != 0 || there.Len() != 2500 || there.Recall() != 1 {
			t.Errorf("%s: pushed %+v, %d images, recall %v", between, p, there.Len(), there.Recall())
		}
		queries := append(vectors(1, 40), make([]float32, dim)...) // of the index, and zero
		for _, k := range []int{1, 10, 300, 4000} {
			want, err := x.Answers(t.Context(), queries, k)
			if err != nil {
				t.Fatal(err)
			}
			got, err := there.Answers(t.Context(), queries, k)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("%s, k=%d: answers differ from those of the index (-index +database):\n%.2000s", between, k, d)
			}
		}
		if got := there.About(); got.Accept == nil || got.Accept.Value != 0.4 {
			t.Errorf("%s: its threshold is %+v, want that of the index", between, got.Accept)
		}
	}
}

// testAgain: a push again changes nothing, to the transactions that wrote the rows.
func testAgain(t *testing.T, url string) {
	x := indexOf(t, "cosine", "", 1, 1500)
	push(t, url, x, postgres.Options{})
	before := written(t, url)
	_, p := push(t, url, x, postgres.Options{})
	if want := (postgres.Pushed{Same: 1500}); !cmp.Equal(p, want) {
		t.Errorf("pushed again: %+v, want %+v", p, want)
	}
	if after := written(t, url); after != before {
		t.Error("a push again wrote rows")
	}
	smaller := indexOf(t, "cosine", "", 1, 1400)
	_, p = push(t, url, smaller, postgres.Options{})
	if len(p.Missing) != 100 || p.Removed != 0 || p.Same != 1400 {
		t.Errorf("a smaller index: %d missing, %d removed, %d the same; want 100, 0, 1400", len(p.Missing), p.Removed, p.Same)
	}
	there, p := push(t, url, smaller, postgres.Options{Prune: true})
	if p.Removed != 100 || there.Len() != 1400 {
		t.Errorf("with Prune %d were removed and %d are left, want 100 and 1400", p.Removed, there.Len())
	}
}

// testGraph: a graph is searched, of float32 and of 16 bits, and finds what it says.
func testGraph(t *testing.T, url string) {
	x := indexOf(t, "cosine", "", 1, 10000)
	queries := vectors(1, 200)
	want, err := x.Answers(t.Context(), queries, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, half := range []bool{false, true} {
		there, _ := push(t, fmt.Sprintf("%s?index=half-%v", url, half), x, postgres.Options{Half: half})
		got, err := there.Answers(t.Context(), queries, 10)
		if err != nil {
			t.Fatal(err)
		}
		same := 0
		for i := range want {
			same += len(want[i]) - len(missing(want[i], got[i]))
		}
		if recall := float64(same) / 2000; recall < 0.95 || there.Recall() < 0.95 || there.About().Kind != postgres.HNSW {
			t.Errorf("half %v: recall %v, measured at the push %v, kind %s; want 0.95 at least", half, recall, there.Recall(), there.About().Kind)
		}
		if err := there.Close(); err != nil { // when its connections end, the server counts what they did
			t.Fatal(err)
		}
	}
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }() // read only
	var scans, graphs int
	err = c.QueryRow(t.Context(), `SELECT sum(idx_scan), count(*) FROM pg_stat_user_indexes WHERE indexrelname LIKE 'entry_%_graph'`).Scan(&scans, &graphs)
	if err != nil || scans == 0 || graphs != 2 {
		t.Errorf("%d scans of %d graphs, %v; want some of 2", scans, graphs, err)
	}
}

// missing returns the answers of want whose distances and ids are not in got.
func missing(want, got []index.Answer) (list []index.Answer) {
	there := map[string]bool{}
	for _, a := range got {
		there[fmt.Sprint(a.ID, a.Distance)] = true
	}
	for _, a := range want {
		if !there[fmt.Sprint(a.ID, a.Distance)] {
			list = append(list, a)
		}
	}
	return list
}

// testWriters: two programs push two indexes that share half of their images, at the same time.
func testWriters(t *testing.T, url string) {
	var wait sync.WaitGroup
	a, b := indexOf(t, "euclidean", "", 1, 3000), indexOf(t, "euclidean", "", 1, 4500)
	for _, x := range []*index.Index{a, b, b, a} {
		wait.Go(func() {
			there, _, err := postgres.Push(t.Context(), url, x, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			_ = there.Close() // it says nothing
		})
	}
	wait.Wait()
	there, p := push(t, url, b, postgres.Options{})
	if p.Same != 4500 || p.Added+p.Replaced != 0 || there.Len() != 4500 {
		t.Errorf("behind two writers: %+v of %d; want 4500 the same", p, there.Len())
	}
	ignoreRow := cmpopts.IgnoreFields(index.Answer{}, "Row")
	sorted := cmpopts.SortSlices(func(a, b index.Answer) bool { return a.ID < b.ID })
	want, err := b.Answers(t.Context(), vectors(1, 30), 5000)
	if err != nil {
		t.Fatal(err)
	}
	flat, _ := push(t, url+"?index=flat", b, postgres.Options{Flat: true})
	got, err := flat.Answers(t.Context(), vectors(1, 30), 5000)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, ignoreRow, sorted); d != "" {
		t.Errorf("answers differ:\n%.1000s", d)
	}
}

// childURL is the variable of the environment that has the test push, until it is killed.
const childURL = "TFPAIR_TEST_PUSH"

// testKill: a push that is killed leaves what it committed, and the next goes on behind that.
func testKill(t *testing.T, url string) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestPushChild$")
	cmd.Env = append(os.Environ(), childURL+"="+url)
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if lines.Text() == "3500" {
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	_, p := push(t, url, indexOf(t, "cosine", "", 1, 6000), postgres.Options{})
	if p.Same < 3000 || p.Same > 5000 || p.Added != 6000-p.Same || p.Replaced != 0 {
		t.Errorf("after a kill: %+v; want at least 3000 the same and the others added", p)
	}
}

// TestPushChild is the process that testKill kills.
func TestPushChild(t *testing.T) {
	url := os.Getenv(childURL)
	if url == "" {
		t.Skip("it is run by another test")
	}
	push(t, url, indexOf(t, "cosine", "", 1, 6000), postgres.Options{Progress: func(done, _ int) {
		if done%100 == 0 {
			fmt.Println(done)
		}
	}})
}

// testSpace: vectors of another model do not come in, by a push or by other programs.
func testSpace(t *testing.T, url string) {
	x := indexOf(t, "cosine", "", 1, 50)
	push(t, url, x, postgres.Options{Flat: true})
	about := x.About()
	about.Space = "another"
	other, err := index.New(about, []index.Item{{ID: "a"}}, vectors(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	var refused *postgres.Error
	if _, _, err := postgres.Push(t.Context(), url, other, postgres.Options{Flat: true}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "embedding space") {
		t.Errorf("pushing another model's index: %v, want that its embedding space is another one", err)
	}
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }() // nothing is lost with it
	for _, change := range []string{`space = 'another'`, `embedding = '[1,2,3]'`} {
		_, err = c.Exec(t.Context(), `UPDATE tfpair.entry SET `+change+` WHERE id = '00001'`)
		if e := (*pgconn.PgError)(nil); !errors.As(err, &e) || e.Code != "23503" { // foreign_key_violation
			t.Errorf("SET %s: %v, want a violation of the foreign key", change, err)
		}
	}
	if _, err := postgres.Open(t.Context(), url+"?index=none", nil); !errors.Is(err, postgres.ErrNone) {
		t.Errorf("opening an index that is not there: %v, want ErrNone", err)
	}
}

// testSecret: no error holds the password, whatever is wrong.
func testSecret(t *testing.T, url string) {
	for name, bad := range map[string]string{
		"password":  strings.Replace(url, postgrestest.Password, "wrong-"+postgrestest.Password, 1),
		"host":      strings.Replace(url, "127.0.0.1:", "127.0.0.1:1", 1),
		"database":  url + "nowhere",
		"setting":   url + "?sslmode=" + postgrestest.Password,
		"port":      strings.Replace(url, "@127.0.0.1:", "@127.0.0.1:x", 1),
		"name":      url + "?index=a/b",
		"parameter": url + "?nonsense=1",
		"none":      url,
	} {
		_, err := postgres.Open(t.Context(), bad, nil)
		if err == nil || strings.Contains(err.Error(), postgrestest.Password) {
			t.Errorf("%s: error %v, want one without the password", name, err)
		}
		if shown := postgres.Shown(bad); strings.Contains(shown, postgrestest.Password) {
			t.Errorf("%s: shown as %s", name, shown)
		}
	}
}

// testChanges: entries are put in, found, shown and removed, and a threshold is for a size.
func testChanges(t *testing.T, url string) {
	there, _ := push(t, url, indexOf(t, "euclidean", "", 1, 100), postgres.Options{Flat: true})
	e := index.Entry{Item: index.Item{ID: "new", Path: "new.jpg", Class: "new"}, Vector: vectors(9, 1), Learned: true,
		Metadata: map[string]string{"price": "3"}, Picture: []byte("jpeg")}
	if c, err := there.Put(t.Context(), e); err != nil || c.Added != 1 {
		t.Fatalf("put: %+v, %v", c, err)
	}
	if c, err := there.Put(t.Context(), e); err != nil || c != (postgres.Changed{}) {
		t.Errorf("put again: %+v, %v; want no change", c, err)
	}
	got, ok, err := there.Find(t.Context(), "new")
	if d := cmp.Diff(e, got); err != nil || !ok || d != "" {
		t.Errorf("found %v, %v:\n%s", ok, err, d)
	}
	found, err := there.Answers(t.Context(), e.Vector, 1)
	if err != nil || found[0][0].ID != "new" || found[0][0].Metadata["price"] != "3" {
		t.Fatalf("searched: %+v, %v", found, err)
	}
	if picture, err := there.Thumbnail(t.Context(), found[0][0].Row); err != nil || string(picture) != "jpeg" {
		t.Errorf("its picture is %q, %v", picture, err)
	}
	if n, err := there.Classes(t.Context()); err != nil || n != 8 {
		t.Errorf("%d classes, %v; want 8", n, err)
	}
	if n, err := there.Remove(t.Context(), "new", "none"); err != nil || n != 1 || there.Len() != 100 {
		t.Errorf("removed %d, %v, and %d are left", n, err, there.Len())
	}
	for name, wrong := range map[string]index.Entry{"no id": {Vector: e.Vector}, "length": {Item: e.Item, Vector: e.Vector[1:]},
		"zero byte": {Item: index.Item{ID: "a\x00"}, Vector: e.Vector}} {
		if _, err := there.Put(t.Context(), wrong); err == nil || there.Len() != 100 {
			t.Errorf("%s: %v, %d images", name, err, there.Len())
		}
	}
	var more []index.Entry
	for i := range 30 {
		more = append(more, index.Entry{Item: index.Item{ID: fmt.Sprint("more ", i)}, Vector: e.Vector})
	}
	if _, err := there.Put(t.Context(), more...); err != nil {
		t.Fatal(err)
	}
	if about := there.About(); about.Accept != nil || !strings.Contains(about.NoAccept, "chosen for 100 images and there are 130") {
		t.Errorf("grown by 30 %%, its threshold is %+v, %q; want none", about.Accept, about.NoAccept)
	}
}
