//go:build interop

package cli

import (
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/modelstest"
	"github.com/tfpair/tfpair/runner/serve"
)

// toAsk returns the address of a service of modelstest's model by the name photos.
func toAsk(t *testing.T) string {
	t.Helper()
	x, err := modelstest.NewIndex([]string{"black.png"}, make([]float32, modelstest.Dim))
	if err != nil {
		t.Fatal(err)
	}
	s, err := serve.New(serve.Config{Models: []serve.Source{{Name: "photos",
		Open: func() (serve.Opened, error) {
			return serve.Opened{Model: &modelstest.Model{Version: 3}, Index: x}, nil
		}}}})
	if err == nil {
		err = s.Open(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

// TestInteropClients: OpenAI's client and Triton's get the embedding of a red picture, which is its colour.
func TestInteropClients(t *testing.T) {
	python := interopPython(t, "serve")
	file := filepath.Join(t.TempDir(), "red.png")
	img := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.NRGBA{255, 0, 0, 255}), image.Point{}, draw.Src)
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(out, img); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	var answers map[string][]float64
	text := command(t, python, "../testdata/interop/clients.py", toAsk(t), "photos", strconv.Itoa(modelstest.Size), file)
	if err := json.Unmarshal(text.Bytes(), &answers); err != nil || len(answers) != 5 {
		t.Fatalf("%v in %s", err, text)
	}
	for client, row := range answers {
		for i, x := range row {
			if want := float64(max(0, 1-i%3)); len(row) != modelstest.Dim || math.Abs(x-want) > 1e-6 {
				t.Errorf("%s: %v, want 1 0 0 four times", client, row)
				break
			}
		}
	}
}

// TestInteropOpenAPI: schemathesis asks what the OpenAPI document allows and forbids, and gets no answer that it
// does not promise.
func TestInteropOpenAPI(t *testing.T) {
	python := interopPython(t, "serve")
	at := toAsk(t)
	program := filepath.Join(filepath.Dir(python), "schemathesis")
	config, err := filepath.Abs("../testdata/interop/schemathesis.toml")
	if err != nil {
		t.Fatal(err)
	}
	// It keeps what it finds in the folder that it runs in.
	t.Log(command(t, "env", "-C", t.TempDir(), program, "--config-file", config, "run", at+"/openapi.json", "--url", at,
		"--phases", "examples,coverage,fuzzing", "--checks", "all", "--seed", "1", "--max-examples", "20", "--no-color"))
}

// TestInteropRules: Prometheus' own parser takes the alert rules.
func TestInteropRules(t *testing.T) {
	command(t, buildInterop(t, "rules"), "../deploy/alerts.yaml")
}

// checkCustom checks a resource by the schema of its kind.
const checkCustom = `
import json, sys, jsonschema
schema, resource = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.validate(resource, {**schema, "$ref": "#/$defs/" + resource["kind"]})
`

// customResources writes the resources of a file into files of their own: those of Kubernetes, with the templates of jobs as
// jobs, and those whose schemas are not Kubernetes' own.
func customResources(t *testing.T, path string) (plain, custom []string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, content any) string {
		text, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Join(dir, name+".json")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for kind, resource := range manifests(t, path) {
		jobs := resource.at("spec", "replicatedJobs")
		switch kind {
		case "TrainingRuntime":
			jobs = resource.at("spec", "template", "spec", "replicatedJobs")
		case "JobSet", "TrainJob":
		default:
			plain = append(plain, write(kind, resource.any))
			continue
		}
		for i, job := range jobs.list() {
			plain = append(plain, write(kind+strconv.Itoa(i), map[string]any{"apiVersion": "batch/v1", "kind": "Job",
				"metadata": map[string]any{"name": job.at("name").any}, "spec": job.at("template", "spec").any}))
		}
		custom = append(custom, write(kind, resource.any))
	}
	return plain, custom
}

// TestInteropDeploy: Kubernetes' schemas and systemd take what deploy holds.
func TestInteropDeploy(t *testing.T) {
	python := interopPython(t, "serve")
	kubernetes := filepath.Join(filepath.Dir(python), "kubernetes-validate")
	for _, name := range []string{"kubernetes", "train", "statefulset"} {
		command(t, kubernetes, "--strict", "../deploy/"+name+".yaml")
	}
	for _, name := range []string{"jobset", "trainjob"} {
		plain, custom := customResources(t, "../deploy/"+name+".yaml")
		command(t, kubernetes, append([]string{"--strict"}, plain...)...)
		for _, file := range custom {
			command(t, python, "-I", "-c", checkCustom, "testdata/crds.json", file)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: the unit is not checked")
	}
	unit, err := os.ReadFile("../deploy/tfpair.service")
	if err != nil {
		t.Fatal(err)
	}
	const program = "/usr/local/bin/tfpair"
	self, err := os.Executable() // what it starts has to be there
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(unit), "ExecStart="+program+" serve") {
		t.Errorf("the unit does not start %s", program)
	}
	file := filepath.Join(t.TempDir(), "tfpair.service")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(unit), program, self)), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, analyze, "verify", file)
}
