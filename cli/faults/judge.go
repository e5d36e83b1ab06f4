//go:build linux && amd64 && tensorflow

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
)

// judge says whether what a fault left is right. It knows what a scenario leaves undisturbed.
type judge struct {
	campaign *campaign
	scenario scenario
	before   state
	after    state
	best     []int // of runs: the steps that an undisturbed run calls the best so far, ascending

	mu    sync.Mutex
	known map[string]string // states whose future has been looked at: what is wrong with it
}

// newJudge runs a scenario undisturbed.
func newJudge(c *campaign, s scenario) (*judge, error) {
	folder, err := c.set(s)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	j := &judge{campaign: c, scenario: s, known: map[string]string{}}
	if j.before, err = look(folder); err != nil {
		return nil, err
	}
	if end := c.runs(folder, s); end.code != 0 {
		return nil, fmt.Errorf("undisturbed, the command ends with %d:\n%s", end.code, end.stderr)
	}
	if j.after, err = look(folder); err != nil {
		return nil, err
	}
	if s.run != "" {
		j.best, err = bestSteps(filepath.Join(folder, s.run, "events.jsonl"))
	}
	return j, err
}

// bestSteps reads which steps of a run were the best when they were measured.
func bestSteps(path string) ([]int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var steps []int
	for line := range strings.Lines(string(text)) {
		var event struct {
			Event string
			Step  int
			Best  bool
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			return nil, err
		}
		if event.Event == "eval" && event.Best {
			steps = append(steps, event.Step)
		}
	}
	return steps, nil
}

// broken is a command that a fault ended.
type broken struct {
	failed  bool // a call failed, and the command went on to an end of its own
	code    int  // of that end
	stderr  string
	swept   bool // nothing hidden may be left: the command could clean up
	promise bool // the command said that it was done
}

// verdict says what is wrong with the folder that a fault left, "" for nothing. It runs the
// command again in it.
func (j *judge) verdict(folder string, b broken) (string, error) {
	left, err := look(folder)
	if err != nil {
		return "", err
	}
	if b.failed {
		if problem := j.told(b); problem != "" {
			return problem, nil
		}
	}
	if b.failed && !j.scenario.grows && j.admits(folder) {
		return "", nil
	}
	if b.promise {
		after, got := j.after, left
		if !b.swept {
			after, got = after.visible(), got.visible()
		}
		if d := after.difference(got); d != "" && !j.admits(folder) {
			return "the command said that it was done, and the folder " + d, nil
		}
	}
	if problem := j.between(left, b); problem != "" {
		return problem, nil
	}
	key := chance.ReplaceAllString(left.String(), "$1")
	j.mu.Lock()
	problem, ok := j.known[key]
	j.mu.Unlock()
	if ok {
		return problem, nil
	}
	if problem, err = j.future(folder, left); err != nil || j.campaign.ctx.Err() != nil {
		return "", errors.Join(err, j.campaign.ctx.Err())
	}
	j.mu.Lock()
	j.known[key] = problem
	j.mu.Unlock()
	return problem, nil
}

// chance is what is drawn at random in the names of files aside.
var chance = regexp.MustCompile(`((?:^|/)\.[^/ ]*?)[0-9]{6,}`)

// told looks at how a command with a failed call ended.
func (j *judge) told(b broken) string {
	switch {
	case b.code < 0:
		return "a signal ended it: " + lastLine(b.stderr)
	case b.code != 0 && strings.Contains(b.stderr, "goroutine "):
		return "it panicked: " + b.stderr
	case b.code != 0 && !strings.Contains(b.stderr, "tfpair: "):
		return fmt.Sprintf("it ended with %d and did not say why", b.code)
	}
	return ""
}

// between looks at a state as it was left: the old one, the new one, or of commands that go on
// any between.
func (j *judge) between(left state, b broken) string {
	if j.scenario.grows {
		return ""
	}
	before, after := without(j.before, j.scenario.ahead), without(j.after, j.scenario.ahead)
	left = without(left, j.scenario.ahead)
	if !b.swept {
		before, after, left = before.visible(), after.visible(), left.visible()
	}
	if j.scenario.stdout != "" { // what the shell opened is there, and half of it is no promise
		before, after, left = without(before, j.scenario.stdout), without(after, j.scenario.stdout), without(left, j.scenario.stdout)
	}
	toOld, toNew := before.difference(left), after.difference(left)
	if toOld != "" && toNew != "" {
		return fmt.Sprintf("neither the old state (%s) nor the new one (%s); exit code %d", toOld, toNew, b.code)
	}
	return ""
}

// admits reports whether the answer says that it is not the whole one.
func (j *judge) admits(folder string) bool {
	if j.scenario.admits == "" {
		return false
	}
	answer, err := os.ReadFile(filepath.Join(folder, j.scenario.stdout))
	return err == nil && strings.Contains(string(answer), j.scenario.admits)
}

// without is a state in which a file does not count.
func without(s state, name string) state {
	rest := state{}
	for path, sum := range s {
		if path != name {
			rest[path] = sum
		}
	}
	return rest
}

// future looks at what comes of a state: the model that a run ships, and what the same command
// makes of it.
func (j *judge) future(folder string, left state) (string, error) {
	if j.scenario.run != "" {
		problem, err := j.ships(folder)
		if problem != "" || err != nil {
			return problem, err
		}
	}
	done := j.after.visible().difference(left.visible()) == ""
	end := j.campaign.runs(folder, j.scenario)
	if end.code != 0 && j.scenario.stops != "" && strings.Contains(end.stderr, j.scenario.stops) {
		return "", nil
	}
	if end.code != 0 && (!done || end.code != j.scenario.twice) {
		return fmt.Sprintf("the same command then ends with %d: %s", end.code, lastLine(end.stderr)), nil
	}
	last, err := look(folder)
	if err != nil {
		return "", err
	}
	if done && j.scenario.more != "" {
		maps.DeleteFunc(last, func(path, _ string) bool { return strings.HasPrefix(path+"/", j.scenario.more+"/") })
	}
	after := j.after
	if j.scenario.empties {
		after, last = after.visible(), last.visible()
	}
	if d := after.difference(last); d != "" {
		return "after the same command the folder " + d, nil
	}
	return "", nil
}

// ships exports what a run holds, and wants the best of its checkpoints as the undisturbed run
// says it.
func (j *judge) ships(folder string) (string, error) {
	steps, err := checkpoint.Steps(filepath.Join(folder, j.scenario.run, "checkpoints"))
	if err != nil {
		return "", err
	}
	best := -1
	for _, step := range j.best {
		if slices.Contains(steps, step) {
			best = step
		}
	}
	if best < 0 {
		return "", nil
	}
	out := filepath.Join(folder, "tmp", "shipped")
	defer os.RemoveAll(out)
	end := j.campaign.runs(folder, scenario{args: "export --run " + j.scenario.run + " --out " + out + " --threads 1"})
	if end.code != 0 {
		return fmt.Sprintf("the run holds steps %v, and the export ends with %d: %s", steps, end.code, lastLine(end.stderr)), nil
	}
	m, err := models.ReadManifest(filepath.Join(out, "1"))
	if err != nil {
		return "", err
	}
	if m.Step != best {
		return fmt.Sprintf("the run holds steps %v, of which %d is the best, and the export ships %d", steps, best, m.Step), nil
	}
	return "", nil
}

// lastLine is the last line of a text that is not empty.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range lines {
		if strings.HasPrefix(line, "tfpair: ") {
			return line
		}
	}
	return lines[len(lines)-1]
}
