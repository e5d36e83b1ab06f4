package dataset

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// with returns images, and text files beside them.
func with(texts map[string]string, images ...string) fstest.MapFS {
	m := files(images...)
	for name, text := range texts {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func carsFS() fstest.MapFS {
	text, err := os.ReadFile("../../internal/matlab/testdata/cars_annos.mat") // SciPy wrote it
	if err != nil {
		panic(err) // it belongs to the project
	}
	var images []string
	for i := range 20 {
		images = append(images, fmt.Sprintf("car_ims/%06d.jpg", i+1))
	}
	return with(map[string]string{carsName: string(text)}, images...)
}

// carsImages describes them: four images each of five classes, of which the first two are trained on.
func carsImages() string {
	var lines []string
	for i := range 20 {
		class, split := []int{1, 98, 99, 150, 196}[i/4], "train"
		if class > 98 {
			split = "test"
		}
		lines = append(lines, fmt.Sprintf("car_ims/%06d.jpg %03d.Maker Model %d 2012 %s", i+1, class, class, split))
	}
	return strings.Join(lines, "\n")
}

func cubFS() fstest.MapFS {
	return with(map[string]string{
		cubImages:  "1 001.Albatross/a.jpg\n2 100.Gull/b.jpg\n3 101.Tern/c.jpg\n4 101.Tern/d.jpg\n",
		cubClasses: "1 1\n2 100\n3 101\n4 101\n"},
		"images/001.Albatross/a.jpg", "images/100.Gull/b.jpg", "images/101.Tern/c.jpg", "images/101.Tern/d.jpg")
}

func sopFS() fstest.MapFS {
	const head = "image_id class_id super_class_id path\n"
	return with(map[string]string{
		sopTrain: head + "1 1 1 bicycle_final/1_0.JPG\n2 1 1 bicycle_final/1_1.JPG\n",
		sopTest:  head + "1 11319 12 sofa_final/2_0.JPG\n2 11320 12 sofa_final/3_0.JPG\n"},
		"bicycle_final/1_0.JPG", "bicycle_final/1_1.JPG", "sofa_final/2_0.JPG", "sofa_final/3_0.JPG")
}

const inshopList = "5\nimage_name item_id evaluation_status\nimg/a/1.jpg id_1 train\nimg/a/2.jpg id_1   train\n" +
	"img/b/1.jpg  id_2 query\nimg/b/2.jpg id_2 gallery\nimg/c/1.jpg id_3 gallery\n"

var inshopImages = []string{"img/a/1.jpg", "img/a/2.jpg", "img/b/1.jpg", "img/b/2.jpg", "img/c/1.jpg"}

func inshopFS() fstest.MapFS {
	return with(map[string]string{inshopName: inshopList}, inshopImages...)
}

func lfwFS(pairs string) fstest.MapFS {
	return with(map[string]string{lfwName: pairs},
		"lfw/Ada_L/Ada_L_0001.jpg", "lfw/Ada_L/Ada_L_0002.jpg", "lfw/Bo/Bo_0001.jpg", "lfw/Bo/Bo_0002.jpg")
}

// TestRecalls: each data set has the ranks that its paper reports.
func TestRecalls(t *testing.T) {
	for name, want := range map[string][]int32{
		"cars": {1, 2, 4, 8}, "cub": {1, 2, 4, 8}, "inshop": {1, 10, 20, 30, 40, 50}, "lfw": nil, "sop": {1, 10, 100, 1000}, "folders": nil,
	} {
		d := mustOpen(t, Options{FS: formatCases[name].data, Data: "."})
		if diff := cmp.Diff(want, d.Recalls); diff != "" {
			t.Errorf("%s: ranks (-want +got):\n%s", name, diff)
		}
	}
}

// TestInShop: photos of gallery are searched and do not ask, where the pictures are unpacked as they are downloaded, too.
func TestInShop(t *testing.T) {
	var below []string
	for _, name := range inshopImages {
		below = append(below, "Img/"+name)
	}
	for data, prefix := range map[*fstest.MapFS]string{
		new(inshopFS()): "", new(with(map[string]string{inshopEval: inshopList}, below...)): "Img/",
	} {
		d := mustOpen(t, Options{FS: *data, Data: "."})
		var searched []string
		for _, i := range d.Images {
			if i.Searched {
				searched = append(searched, strings.TrimPrefix(i.Path, prefix))
			}
		}
		if diff := cmp.Diff([]string{"img/b/2.jpg", "img/c/1.jpg"}, searched); diff != "" {
			t.Errorf("searched (-want +got):\n%s", diff)
		}
		other := *d
		other.Images = append([]Image(nil), d.Images...)
		other.Images[2].Searched = true
		if other.Fingerprint() == d.Fingerprint() {
			t.Error("the fingerprint does not tell who is searched")
		}
	}
}

// TestProtocolFolds: rows count off the folds, each of as many pairs of each kind as the first line says.
func TestProtocolFolds(t *testing.T) {
	d := mustOpen(t, Options{Data: ".", FS: lfwFS("2 1\nAda_L 1 2\nAda_L 2 Bo 1\nBo 1 2\nAda_L 1 Bo 2\n")})
	var folds []int
	for _, p := range d.Pairs {
		folds = append(folds, int(p.Fold))
	}
	if diff := cmp.Diff([]int{1, 1, 2, 2}, folds); diff != "" {
		t.Errorf("folds (-want +got):\n%s", diff)
	}
	if left := d.Without([]int32{0}); len(left.Pairs) != 2 || left.Pairs[0].Fold != 1 || left.Pairs[1].Fold != 2 {
		t.Errorf("without an image: %+v, want a pair of each fold", left.Pairs)
	}
}

func TestPublishedErrors(t *testing.T) {
	change := func(m fstest.MapFS, name, text string) fstest.MapFS {
		m[name] = &fstest.MapFile{Data: []byte(text)}
		return m
	}
	for name, c := range map[string]struct {
		data fstest.MapFS
		want string
	}{
		"cub words":     {change(cubFS(), cubClasses, "1 1\n2\n"), cubClasses + ":2: 1 word, want an image and a class"},
		"cub class":     {change(cubFS(), cubClasses, "1 x\n"), cubClasses + `:1: class is "x", want a number from 1`},
		"cub image":     {change(cubFS(), cubClasses, "9 1\n"), cubClasses + ":1: image 9 is not in images.txt"},
		"cub names":     {change(cubFS(), cubImages, "1 a b\n"), cubImages + ":1: 3 words, want a number and a name"},
		"no pictures":   {change(cubFS(), cubImages, "1 001.A/x.jpg\n"), `image "images/001.A/x.jpg" is not in the data; fetch the pictures of the data set, too, and unpack them there`},
		"sop words":     {change(sopFS(), sopTest, "h\n1 2 3\n"), sopTest + ":2: 3 words, want image_id"},
		"sop twice":     {change(sopFS(), sopTest, "h\n1 2 3 bicycle_final/1_0.JPG\n"), sopTest + `:2: image "bicycle_final/1_0.JPG" is there twice`},
		"sop outside":   {change(sopFS(), sopTest, "h\n1 2 3 ../1_0.JPG\n"), sopTest + `:2: image "../1_0.JPG" does not lie in the data`},
		"inshop status": {change(inshopFS(), inshopName, "1\nh\nimg/a/1.jpg id_1 val\n"), inshopName + `:3: evaluation_status is "val"`},
		"lfw first":     {lfwFS("Ada_L 1 2\n"), lfwName + ":1: want two whole numbers in the first line"},
		"lfw number":    {lfwFS("1 1\nAda_L 1 0\nAda_L 1 Bo 1"), lfwName + `:2: "0" is no whole number from 1`},
		"lfw picture":   {lfwFS("1 1\nAda_L 1 2\nAda_L 1 Bo 7"), lfwName + `:3: image "lfw/Bo/Bo_0007.jpg" is not in the data`},
		"lfw pictures":  {lfwFS("1 1\nCy 1 2\nCy 1 Bo 1"), lfwName + `:2: image "Cy/Cy_0001.jpg" is not in the data`},
		"lfw too few":   {lfwFS("10 300\nAda_L 1 2\n"), "1 pair, want 6000: two kinds of 300 in each of 10 folds"},
		"cars file":     {change(carsFS(), carsName, "text"), `"cars_annos.mat": it ends in the middle`},
		"cars pictures": {with(map[string]string{carsName: string(carsFS()[carsName].Data)}, "car_ims/000001.jpg"), "19 of 20 rows cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Open(Options{Data: ".", FS: c.data}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open: %v, want %q", err, c.want)
			}
		})
	}
}
