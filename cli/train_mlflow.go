package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/runner/mlflow"
	"github.com/tfpair/tfpair/runner/train"
)

// tracker tells an MLflow server of a training. One of no server does nothing.
type tracker struct {
	server *mlflow.Server // nil: none is named
	spec   *spec.Spec
	data   string // path
	out    string // run folder
	say    func(format string, args ...any)

	log  *mlflow.Log // nil until the training has started
	part string      // of the names of metrics: "fold1/"; "" the training itself
	told bool        // what went wrong
}

// track returns what tells the server that the environment names.
func (o *trainOptions) track(out output, s *spec.Spec) *tracker {
	t := &tracker{spec: s, data: o.data.path, out: o.out, say: out.say}
	server, err := mlflow.FromEnvironment(out.Getenv)
	if err != nil {
		out.say("note      %v; nothing is logged to MLflow", err)
		return t
	}
	t.server = server
	return t
}

// observe logs an event.
func (t *tracker) observe(ctx context.Context, e train.Event, say func(format string, args ...any)) {
	if t.server == nil {
		return
	}
	switch e := e.(type) {
	case train.Started:
		t.begin(ctx, e)
	case train.Folded:
		t.part = fmt.Sprintf("fold%d/", e.Fold)
	case train.Joined:
		t.part = fmt.Sprintf("network%d/", e.Member)
	case train.Pooled:
		t.part = ""
	case train.Stepped:
		if e.Recorded() {
			t.metrics(e)
		}
	case train.Evaluated:
		t.metrics(e)
	}
	if t.log == nil || t.told {
		return
	}
	if err := t.log.Trouble(); err != nil {
		t.told = true
		say("note      MLflow at %s: %v; the training goes on, and what is measured waits for the server", t.server.Address(), err)
	}
}

// begin begins the run on the server, with the first start of the training or of one of its parts.
func (t *tracker) begin(ctx context.Context, e train.Started) {
	if e.Networks > 0 { // all of an ensemble, behind its networks
		t.part = ""
	}
	if t.log != nil {
		return
	}
	params := map[string]string{"data": t.data, "train_images": fmt.Sprint(e.TrainImages), "val_images": fmt.Sprint(e.ValImages),
		"classes": fmt.Sprint(e.Classes), "parameters": fmt.Sprint(e.Parameters)}
	if values, err := t.spec.Values(); err == nil {
		maps.Copy(params, values)
	}
	if e.Pretrained != nil {
		for i, one := range e.Pretrained.All() {
			params[fmt.Sprintf("weights.%d", i+1)] = origin(one)
		}
	}
	t.log = mlflow.Begin(ctx, t.server, mlflow.Options{Name: filepath.Base(filepath.Clean(t.out)), Keep: filepath.Join(t.out, "mlflow.json"),
		Params: params, Tags: map[string]string{"mlflow.source.name": "tfpair train", "tfpair.version": programVersion(), "tfpair.run": t.out}, Now: time.Now})
}

func (t *tracker) metrics(e train.Event) {
	step, values := train.Scalars(e)
	if t.log == nil || values == nil {
		return
	}
	named := make(map[string]float64, len(values))
	for name, v := range values {
		named[t.part+name] = v
	}
	t.log.Metrics(step, named)
}

// tracked are files of a run folder that the server keeps, too.
var tracked = []string{"spec.yaml", "events.jsonl", "suspects.csv", "suspects.png"}

// end sends what is left, with the files of the run and the page, and says how the training ended.
func (t *tracker) end(ctx context.Context, page string, trained error) {
	if t.log == nil {
		return
	}
	var files []string
	for _, name := range tracked {
		files = append(files, filepath.Join(t.out, name))
	}
	if page != "" {
		files = append(files, page)
	}
	there := files[:0]
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			there = append(there, file)
		}
	}
	status := mlflow.Finished
	var skipped *skippedError
	if _, ok := interrupted(ctx); ok {
		status = mlflow.Killed
	} else if trained != nil && !errors.As(trained, &skipped) {
		status = mlflow.Failed
	}
	switch err := t.log.End(ctx, status, there...); {
	case err != nil && !t.told:
		t.say("note      MLflow at %s has not got all of this training: %v", t.server.Address(), err)
	case err == nil:
		t.say("logged to %s", t.log.Where())
	}
}
