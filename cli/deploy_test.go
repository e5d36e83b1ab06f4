package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/cluster"
	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// node is a value of a manifest, and what is in it.
type node struct{ any }

// at returns what is at a path of keys; numbers are places of a list.
func (n node) at(path ...any) node {
	for _, step := range path {
		switch inner := n.any.(type) {
		case map[string]any:
			n = node{inner[fmt.Sprint(step)]}
		case []any:
			n = node{nil}
			if i, ok := step.(int); ok && i < len(inner) {
				n = node{inner[i]}
			}
		default:
			return node{nil}
		}
	}
	return n
}

func (n node) text() string {
	if n.any == nil {
		return ""
	}
	return fmt.Sprint(n.any)
}

func (n node) list() (all []node) {
	list, _ := n.any.([]any)
	for _, x := range list {
		all = append(all, node{x})
	}
	return all
}

// manifests returns the documents of a file, by their kind.
func manifests(t *testing.T, path string) map[string]node {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]node{}
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document any
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return kinds
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		kinds[node{document}.at("kind").text()] = node{document} // of a compose file: ""
	}
}

// deployed is one process that a manifest starts.
type deployed struct {
	host string // by which the others reach it
	args []string
	env  map[string]string
}

// pods returns the processes of a Job, a StatefulSet, a JobSet or a TrainJob as their controllers start them.
func pods(t *testing.T, kinds map[string]node) (list []deployed) {
	t.Helper()
	switch {
	case kinds["Job"].any != nil:
		job := kinds["Job"]
		name, spec := job.at("metadata", "name").text(), job.at("spec")
		return replicas(t, spec.at("template", "spec"), nil, node{}, countOf(t, spec.at("completions")), func(i int) string {
			return fmt.Sprintf("%s-%d.%s", name, i, spec.at("template", "spec", "subdomain").text())
		})
	case kinds["StatefulSet"].any != nil:
		set := kinds["StatefulSet"]
		return replicas(t, set.at("spec", "template", "spec"), nil, node{}, countOf(t, set.at("spec", "replicas")), func(i int) string {
			return fmt.Sprintf("%s-%d.%s", set.at("metadata", "name").text(), i, set.at("spec", "serviceName").text())
		})
	case kinds["JobSet"].any != nil:
		return ofJobSet(t, kinds["JobSet"].at("metadata", "name").text(), kinds["JobSet"].at("spec"), node{}, node{})
	case kinds["TrainJob"].any != nil:
		runtime, job := kinds["TrainingRuntime"], kinds["TrainJob"]
		if ref := job.at("spec", "runtimeRef"); ref.at("name").text() != runtime.at("metadata", "name").text() || ref.at("kind").text() != "TrainingRuntime" {
			t.Errorf("the TrainJob refers to %v", ref)
		}
		return ofJobSet(t, job.at("metadata", "name").text(), runtime.at("spec", "template", "spec"), job.at("spec", "trainer"), job.at("spec", "trainer", "numNodes"))
	}
	for _, name := range slices.Sorted(maps.Keys(kinds[""].at("services").any.(map[string]any))) {
		service := kinds[""].at("services", name)
		d := deployed{host: name, env: map[string]string{}, args: texts(service.at("command"))}
		for key, value := range service.at("environment").any.(map[string]any) {
			d.env[key] = fmt.Sprint(value)
		}
		list = append(list, d)
	}
	return list
}

// ofJobSet returns the pods of a JobSet of one job. Trainer starts as many nodes as the TrainJob says, in a JobSet of its
// name, and adds the variables and the arguments of its trainer to the container "node".
func ofJobSet(t *testing.T, name string, spec, trainer, nodes node) []deployed {
	t.Helper()
	job := spec.at("replicatedJobs", 0)
	pod := job.at("template", "spec")
	if nodes.any == nil {
		nodes = pod.at("completions")
	} else if pod.at("template", "spec", "containers", 0, "name").text() != "node" ||
		job.at("template", "metadata", "labels", "trainer.kubeflow.org/trainjob-ancestor-step").text() != "trainer" {
		t.Errorf("Trainer does not find the container of its runtime")
	}
	subdomain := name
	if s := spec.at("network", "subdomain").text(); s != "" {
		subdomain = s
	}
	return replicas(t, pod.at("template", "spec"), trainer.at("env").list(), trainer.at("args"), countOf(t, nodes), func(i int) string {
		return fmt.Sprintf("%s-%s-0-%d.%s", name, job.at("name").text(), i, subdomain)
	})
}

// replicas returns n pods, with the variables that are added behind those of the template, and arguments in place of its own.
func replicas(t *testing.T, pod node, added []node, args node, n int, host func(i int) string) (list []deployed) {
	t.Helper()
	container := pod.at("containers", 0)
	if args.any == nil {
		args = container.at("args")
	}
	for i := range n {
		d := deployed{host: host(i), args: texts(args), env: map[string]string{}}
		for _, v := range append(container.at("env").list(), added...) {
			value := v.at("value").text()
			switch field := v.at("valueFrom", "fieldRef", "fieldPath").text(); field {
			case "":
			case "metadata.annotations['batch.kubernetes.io/job-completion-index']", "metadata.labels['apps.kubernetes.io/pod-index']":
				value = strconv.Itoa(i)
			default:
				t.Errorf("nobody sets %s", field)
			}
			for name, before := range d.env { // Kubernetes fills in variables that stand before
				value = strings.ReplaceAll(value, "$("+name+")", before)
			}
			d.env[v.at("name").text()] = value
		}
		list = append(list, d)
	}
	return list
}

func texts(list node) (all []string) {
	for _, x := range list.list() {
		all = append(all, x.text())
	}
	return all
}

func countOf(t *testing.T, n node) int {
	t.Helper()
	i, err := strconv.Atoi(n.text())
	if err != nil {
		t.Error(err)
	}
	return i
}

// trainings are the manifests that start a training, and how many processes they start.
var trainings = map[string]int{"compose": 2, "train": 3, "statefulset": 3, "jobset": 3, "trainjob": 3}

// TestDeployedClusters: the processes of the manifests for training read one cluster, and each is the task at its own address.
func TestDeployedClusters(t *testing.T) {
	for name, processes := range trainings {
		list := pods(t, manifests(t, "../deploy/"+name+".yaml"))
		if len(list) != processes {
			t.Errorf("%s starts %d processes, want %d", name, len(list), processes)
		}
		for _, d := range list {
			c, err := cluster.Parse(d.env[cluster.Variable])
			if err != nil || c == nil || len(c.Tasks) != processes {
				t.Errorf("%s: %s: %+v, %v", name, d.env[cluster.Variable], c, err)
				continue
			}
			if want := d.host + ":2222"; c.Tasks[c.Self].Address != want {
				t.Errorf("%s: a process is %s at %s, and listens at %s", name, c.Tasks[c.Self], c.Tasks[c.Self].Address, want)
			}
			if len(d.args) == 0 || d.args[0] != "train" {
				t.Errorf("%s: arguments %v", name, d.args)
			}
		}
	}
}

// TestDeployedTraining trains in processes that are started as Trainer starts those of the TrainJob, and with TF_CONFIG as
// Kubeflow's controller of TFJobs writes it, but for their addresses.
func TestDeployedTraining(t *testing.T) {
	dir := clusterPictures(t)
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto) // the image says where its own is
	if err != nil {
		t.Fatal(err)
	}
	list := pods(t, manifests(t, "../deploy/trainjob.yaml"))
	const config = `{"cluster":{"chief":["one-chief-0.team.svc:2222"],"worker":["one-worker-0.team.svc:2222"]},` +
		`"task":{"type":"%s","index":0},"environment":"cloud"}` // training-operator 1.9, pkg/controller.v1/tensorflow/tensorflow.go
	var tfjob []deployed
	for _, job := range []string{cluster.Chief, cluster.Worker} {
		tfjob = append(tfjob, deployed{host: "one-" + job + "-0.team.svc", env: map[string]string{cluster.Variable: fmt.Sprintf(config, job)},
			args: []string{"train", "--data", "/training/photos", "--out", "/training/runs/tfjob", "--preset", "siamese"}})
	}
	for _, processes := range [][]deployed{list, tfjob} {
		local, err := cluster.Local(len(processes))
		if err != nil {
			t.Fatal(err)
		}
		places := []string{"/training/photos", "data", "/training/runs/", ""}
		for i, d := range processes {
			places = append(places, d.host+":2222", local.Tasks[i].Address)
		}
		here := strings.NewReplacer(places...)
		var started []*exec.Cmd
		var said []*bytes.Buffer
		for _, d := range processes {
			env, args := []string{libtensorflow.FolderVariable + "=" + runtime}, []string(nil)
			for name, value := range d.env {
				env = append(env, name+"="+here.Replace(value))
			}
			for _, arg := range d.args {
				args = append(args, here.Replace(arg))
			}
			p, text := trainIn(t, dir, env, append(args, "--set", "train.steps=20")...)
			started, said = append(started, p), append(said, text)
		}
		for i, p := range started {
			if got := exitCode(t, p); got != exitDone {
				t.Errorf("%s: exit code %d:\n%s", processes[i].host, got, said[i])
			}
		}
		if want := fmt.Sprintf("%d processes make each step", len(processes)); !strings.Contains(said[0].String(), want) {
			t.Errorf("the chief does not say %q:\n%s", want, said[0])
		}
	}
}
