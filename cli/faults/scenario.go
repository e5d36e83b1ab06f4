//go:build linux && amd64 && tensorflow

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// scenario is a command, what it needs and what it may leave.
type scenario struct {
	name   string
	needs  []string // of the stage, in the folder before the command runs
	first  string   // arguments of a command that runs in the folder before, undisturbed; "": none
	args   string   // of tfpair, parted by spaces; run in the folder
	stdout string   // file in the folder that stdout is written to; "": not kept

	// grows: the command goes on from whatever it left, and its states between are many.
	grows bool
	// more is the folder that the command makes where its work is done already.
	more string
	// twice is the exit code of the command where its work is done already.
	twice int
	// run is the folder of a run, or what holds such folders; "" where the command makes none.
	run string
	// admits is what the answer holds where it says that it could not look everywhere.
	admits string
	// stops is what the command may say when it runs again and does nothing: a loss of power can leave a file
	// that was moved under both names, and neither is removed.
	stops string
	// empties says that empty folders may stay: a kill came before the last of them was removed.
	empties bool
	// installs says that the command installs a runtime, of a tiny wheel, in the folder "runtime".
	installs bool
	// ahead is a file that may be there before the rest.
	ahead string
	// remembers says that the user's cache lies in the folder, too. Nothing in it is promised.
	remembers bool
}

// tiny makes commands fast and repeatable.
const tiny = " --threads 1 --workers 1"

// scenarios are the commands that write.
var scenarios = []scenario{
	{name: "train", needs: []string{"data", "spec.yaml"}, grows: true, run: "run",
		args: "train --data data --out run --spec spec.yaml" + tiny},
	{name: "train-folds", needs: []string{"data", "spec.yaml"}, grows: true, run: "run",
		args: "train --data data --out run --spec spec.yaml --set train.folds=2 --set train.steps=2" + tiny},
	{name: "train-more", needs: []string{"data", "spec.yaml", "run"}, grows: true, run: "run",
		args: "train --data data --out run --spec spec.yaml --set train.steps=12" + tiny},
	{name: "train-frozen", needs: []string{"data", "frozen.yaml"}, grows: true, run: "run",
		args: "train --data data --out run --spec frozen.yaml" + tiny},
	{name: "train-ensemble", needs: []string{"data", "ensemble.yaml"}, grows: true, run: "run",
		args: "train --data data --out run --spec ensemble.yaml" + tiny},
	{name: "tune", needs: []string{"data", "spec.yaml", "space.yaml"}, grows: true,
		args: "tune --data data --out search --spec spec.yaml --space space.yaml --search grid --seeds 1 --set train.steps=2" + tiny},
	{name: "export", needs: []string{"run"}, twice: 2,
		args: "export --run run --out model --version 1 --threads 1"},
	{name: "export-gallery", needs: []string{"run", "data"}, twice: 2,
		args: "export --run run --out model --version 1 --gallery data/test" + tiny},
	{name: "export-aliases", needs: []string{"run"}, twice: 2, ahead: "run/aliases.csv",
		args: "export --run run --out model --version 1 --alias-classes --threads 1"},
	{name: "export-onnx", needs: []string{"run"}, twice: 2,
		args: "export --run run --out model --version 1 --onnx --threads 1"},
	{name: "export-int8", needs: []string{"run", "data"}, twice: 2,
		args: "export --run run --out model --version 1 --precision int8 --data data --max-drop 100" + tiny},
	{name: "export-weights", needs: []string{"weights.pth"}, twice: 2,
		args: "export --weights weights.pth --out model --version 1 --threads 1"},
	{name: "sign", needs: []string{"model", "key.pem"}, twice: 2,
		args: "model sign --model model --key key.pem"},
	{name: "sign-overwrite", needs: []string{"model", "key.pem"},
		first: "model sign --model model --key key.pem",
		args:  "model sign --model model --key key.pem --overwrite"},
	{name: "calibrate", needs: []string{"model", "data"}, more: "calibrated/2",
		args: "calibrate --model model/1 --out calibrated --data data --split test --max f1" + tiny},
	{name: "index", needs: []string{"model", "data"}, twice: 2,
		args: "index build --model model --data data --out y.index" + tiny},
	{name: "index-file", needs: []string{"model", "data"}, twice: 2,
		args: "index build --model model --data data --out z.index --file" + tiny},
	{name: "index-overwrite", needs: []string{"model", "data", "x.index"},
		args: "index build --model model --data data --out x.index --file --overwrite" + tiny},
	{name: "index-add", needs: []string{"model", "data", "living"}, grows: true,
		args: "index add --model model --data data/train --prefix more --index living" + tiny},
	{name: "index-update", needs: []string{"model", "data", "x.index"}, grows: true,
		args: "index update --model model --data data/test --index x.index" + tiny},
	{name: "index-remove", needs: []string{"living"}, grows: true, twice: 3,
		args: "index remove --index living --id arrow/000.png"},
	{name: "index-compact", needs: []string{"living"}, grows: true,
		first: "index remove --index living --id arrow/000.png",
		args:  "index compact --index living"},
	{name: "embed-npy", needs: []string{"model", "data"}, twice: 2,
		args: "embed --model model --data data --out v.npy" + tiny},
	{name: "embed-npy-overwrite", needs: []string{"model", "data", "v.npy", "v.npy.json"},
		args: "embed --model model --data data --out v.npy --overwrite" + tiny},
	{name: "embed-csv", needs: []string{"model", "data"}, twice: 2,
		args: "embed --model model --data data --out v.csv" + tiny},
	{name: "embed-jsonl", needs: []string{"model", "data"}, twice: 2,
		args: "embed --model model --data data --out v.jsonl" + tiny},
	{name: "embed-remembers", needs: []string{"model", "data"}, twice: 2, remembers: true,
		args: "embed --model model --data data --out v.npy" + tiny},
	{name: "embed-classify", needs: []string{"model", "data", "x.index"}, twice: 2,
		args: "embed --model model --data data --classify --index x.index --threshold 0.5 --out names.csv" + tiny},
	{name: "search-sheet", needs: []string{"model", "data", "x.index"}, twice: 2,
		args: "search --model model --index x.index --image data/test/arrow --sheet sheet.png" + tiny},
	{name: "sheet", needs: []string{"model", "data"}, twice: 2,
		args: "evaluate --model model --data data --sheet sheet.png" + tiny},
	{name: "evaluate-json", needs: []string{"model", "data"}, stdout: "report.json",
		args: "evaluate --model model --data data --json" + tiny},
	{name: "fix", needs: []string{"data", "sloppy.csv"}, twice: 2,
		args: "train --data sloppy.csv --images data --out run --fix mended.csv"},
	{name: "check-splits", needs: []string{"data"}, twice: 2, stdout: "said", admits: "cannot be read",
		args: "check --data data --write-splits splits.csv --cache cache/prints --workers 1"},
	{name: "manual", twice: 2, args: "manual --out man1"},
	{name: "seen", needs: []string{"run", "data"}, stdout: "seen.json", admits: `"unknown":`,
		args: "seen --in run --json data/test/arrow/000.png"},
	{name: "duplicates-move", needs: []string{"copies"}, grows: true, stdout: "said", admits: "cannot be read", stops: "is there already",
		args: "duplicates copies --move-to moved --apply --cache off --workers 1"},
	{name: "duplicates-link", needs: []string{"copies"}, grows: true, stdout: "said", admits: "cannot be read",
		args: "duplicates copies --link --apply --cache off --workers 1"},
	{name: "duplicates-undo", needs: []string{"copies"}, grows: true, empties: true, twice: 4, stops: "is there already",
		first: "duplicates copies --move-to moved --apply --cache off --workers 1",
		args:  "duplicates --undo moved/undo.csv"},
	{name: "weights-convert", needs: []string{"weights.pth"}, twice: 2,
		args: "weights convert --from weights.pth --out weights.safetensors"},
	{name: "weights-fetch", needs: []string{"weights.pth"}, twice: 2,
		args: "weights fetch efficientnet-lite0 --from weights.pth --out fetched.pth"},
	{name: "install", needs: []string{"tiny.whl"}, installs: true,
		args: "runtime install --from tiny.whl"},
	{name: "install-stub", needs: []string{"runtime", "tiny.whl"}, installs: true,
		args: "runtime install --from tiny.whl"},
	{name: "install-pip", needs: []string{"wheels"}, installs: true,
		args: "runtime install"},
}

// props are the stage's files of fixed text.
var props = map[string]string{
	"spec.yaml": `input: {size: 16}
backbone: {smallconv: {filters: [4, 4], dense: 8}}
optimizer: {adam: {lr: 0.02}}
train: {batch_size: 8, steps: 8, eval_every: 2, val: 0.3}
`,
	"frozen.yaml": `input: {size: 32}
backbone: {efficientnet-lite0: {freeze: all}}
head: {linear: {embedding_dim: 8}}
loss: contrastive
cache: {type: float16}
train: {batch_size: 8, steps: 2, eval_every: 2, val: 0.3}
`,
	"ensemble.yaml": `input: {size: 16}
backbone: {ensemble: {of: [{network: {smallconv: {filters: [4], dense: 8}}}, {network: {smallconv: {filters: [3], dense: 4}}, embedding_dim: 5}]}}
distance: cosine
loss: contrastive
train: {batch_size: 8, steps: 2, eval_every: 2, val: 0.3}
`,
	"space.yaml": "loss: [bce, contrastive]\n",
	"sloppy.csv": `left;right;same
train\arrow\000.png;train/arrow/001.png;similar
gone.png;train/arrow/001.png;yes
train/arrow/002.png;train/bars/000.png;no
`,
}

// scenery are the commands that make the rest of the stage, in order.
var scenery = []string{
	"train --data data --out run --spec spec.yaml" + tiny,
	"export --run run --out model --threads 1",
	"index build --model model --data data/test --out x.index --file" + tiny,
	"index build --model model --data data/test --out living" + tiny,
	"embed --model model --data data/test --out v.npy" + tiny,
}

// args splits the command of a scenario into arguments.
func (s scenario) arguments() []string { return strings.Fields(s.args) }

// missing says what of the stage is not there, "" for nothing.
func (s scenario) missing(stage string) string {
	for _, name := range s.needs {
		if _, err := os.Stat(filepath.Join(stage, name)); err != nil {
			return fmt.Sprintf("%s is not there", name)
		}
	}
	return ""
}
