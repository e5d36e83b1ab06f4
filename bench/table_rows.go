package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// shown are the commands whose results the table has, who makes lines of an entry of theirs, and the flags that
// leave out what it has not.
var shown = []struct {
	command string
	lines   func(e entry) ([]compared, error)
	flags   []string
}{
	{"step", ofSteps, nil}, {"resnet", ofSteps, nil}, {"extract", ofSteps, nil}, {"tuples", ofRace, []string{"-rows", "race"}},
	{"export", ofFirsts, []string{"-rows", "first"}}, {"decode", ofDecoding, nil}, {"embed", ofEmbedding, nil}, {"second", ofBeginnings, nil},
	{"int8", ofIntegers, []string{"-rows", "mnist,omniglot"}}, // grocery trains for half an hour
}

// tabled returns the commands that measure what the tables have, each with its flags.
func tabled() [][]string {
	var list [][]string
	for _, s := range shown {
		list = append(list, append([]string{s.command}, s.flags...))
	}
	return append(list, []string{"inference"}, []string{"layers"})
}

// stepNames say what a step of each entry is.
var stepNames = map[string]string{
	"step":     "training step, program 1 (32 pairs)",
	"program2": "training step, program 2 (32 triplets)",
	"resnet":   "training step, program 3 (ResNet50, 8 images of 224×224)",
	"extract":  "features of 32 images, EfficientNet-Lite0",
}

// comparisons returns the lines of all stored results.
func comparisons(o options) ([]compared, error) {
	var list []compared
	for _, s := range shown {
		kept, err := openResults(o, s.command)
		if err != nil {
			return nil, err
		}
		for _, e := range kept.list {
			lines, err := s.lines(e)
			if err != nil {
				return nil, fmt.Errorf("results %q: %q: %w", kept.path, e.ID, err)
			}
			for _, c := range lines {
				c.of = e
				list = append(list, c)
			}
		}
	}
	return list, nil
}

// ratios divides turn by turn.
func ratios(theirs, ours []float64) []float64 {
	list := make([]float64, min(len(theirs), len(ours)))
	for i := range list {
		list[i] = theirs[i] / ours[i]
	}
	return list
}

// besides compares two lists of seconds.
func besides(what, beside string, ours, theirs []float64) compared {
	each := ratios(theirs, ours)
	return compared{what: what, beside: beside, ours: secondsText(ours), theirs: secondsText(theirs), ratio: spread(each), turns: len(each)}
}

// secondsText is the median, in the unit that it has digits in.
func secondsText(x []float64) string {
	if m := spread(x).Median; m < 1 {
		return fmt.Sprintf("%.3g ms", 1000*m)
	} else {
		return fmt.Sprintf("%.3g s", m)
	}
}

func ofSteps(e entry) ([]compared, error) {
	var times map[string]*stepTimes
	if err := json.Unmarshal(e.Values, &times); err != nil {
		return nil, err
	}
	ours, name := times["tfpair"], stepNames[e.ID]
	if ours == nil {
		return nil, nil
	}
	if name == "" {
		name = e.ID
	}
	var list []compared
	for _, peer := range []string{"keras", "torch"} {
		t := times[peer]
		if t == nil {
			continue
		}
		list = append(list, besides(name, peer, ours.Step, t.Step), besides(name+": process start to the end of the first", peer, ours.FirstStep, t.FirstStep))
		if ours.Resident > 0 && t.Resident > 0 {
			r := t.Resident / ours.Resident
			list = append(list, compared{what: name + ": resident memory", beside: peer, ours: fmt.Sprintf("%.0f MiB", ours.Resident),
				theirs: fmt.Sprintf("%.0f MiB", t.Resident), ratio: quantiles{r, r, r}, turns: 1})
		}
	}
	return list, nil
}

// ofRace is the time to the AUC that Keras ends with, of a seed with which Keras trains.
func ofRace(e entry) ([]compared, error) {
	var x race
	if !strings.HasPrefix(e.ID, "race/") {
		return nil, nil
	}
	if err := json.Unmarshal(e.Values, &x); err != nil || x.Keras.isCollapsed() {
		return nil, err
	}
	c := besides(fmt.Sprintf("digits: time to AUC %.4f, Keras' %.4f", x.Speed.AUC, x.Keras.AUC), "keras", []float64{x.Speed.Seconds}, []float64{x.Keras.Seconds})
	return []compared{c}, nil
}

func ofFirsts(e entry) ([]compared, error) {
	var f firsts
	if e.ID != "first" {
		return nil, nil
	}
	if err := json.Unmarshal(e.Values, &f); err != nil {
		return nil, err
	}
	return []compared{besides("process start to the first embedding of an exported model", "TensorFlow in Python", f.TFPair, f.TensorFlow)}, nil
}

func ofDecoding(e entry) ([]compared, error) {
	var a alternated
	if err := json.Unmarshal(e.Values, &a); err != nil {
		return nil, err
	}
	var list []compared
	for _, side := range decodeSides {
		if len(a.Seconds[side]) > 0 && len(a.Seconds["tfpair"]) > 0 {
			c := besides("JPEG file, "+e.ID, side, a.Seconds["tfpair"], a.Seconds[side])
			c.processor, c.load = a.costs(side, "tfpair"), a.Load
			list = append(list, c)
		}
	}
	return list, nil
}

func ofEmbedding(e entry) ([]compared, error) {
	var x embedding
	if err := json.Unmarshal(e.Values, &x); err != nil {
		return nil, err
	}
	bound, before := x.ratios()
	speed := func(list []float64) string { return fmt.Sprintf("%.0f images/s", spread(list).Median) }
	parts := make([]float64, len(x.Embed))
	for i := range parts {
		parts[i] = 1 / (1/x.Decode[i] + 1/x.Network[i])
	}
	both, was := compared{what: "`tfpair embed`, " + e.ID, beside: "decoding and network, each alone, added", ours: speed(x.Embed), theirs: speed(parts), ratio: bound},
		compared{what: "`tfpair embed`, " + e.ID, beside: x.before(), ours: speed(x.Embed), theirs: speed(x.Before), ratio: before}
	if p := x.Processor; len(p["embed"]) > 0 {
		both.processor = (mean(p["decode"]) + mean(p["network"])) / mean(p["embed"])
		was.processor = mean(p["before"]) / mean(p["embed"])
	}
	list := []compared{both, was}
	for i := range list {
		list[i].turns, list[i].load = len(x.Embed), x.Load
	}
	return list, nil
}

func ofBeginnings(e entry) ([]compared, error) {
	var b beginnings
	if err := json.Unmarshal(e.Values, &b); err != nil {
		return nil, err
	}
	c := besides("second training on 5,421 photos: process start to the first step", "the first, which decodes", b.Kept, b.Decoded)
	c.load = b.Load
	if len(b.KeptProcessor) > 0 {
		c.processor = mean(b.DecodedProcessor) / mean(b.KeptProcessor)
	}
	return []compared{c}, nil
}

// ofIntegers is the size of an export.
func ofIntegers(e entry) ([]compared, error) {
	var x integers
	if err := json.Unmarshal(e.Values, &x); err != nil || x.Int8Bytes == 0 {
		return nil, err
	}
	r, size := float64(x.FloatBytes)/float64(x.Int8Bytes), func(n int) string { return fmt.Sprintf("%.2f MB", float64(n)/1e6) }
	return []compared{{what: fmt.Sprintf("size of an int8 export, %s (test %s %.4f, float32 %.4f)", e.ID, x.Metric, x.Int8, x.Float), beside: "float32 export",
		ours: size(x.Int8Bytes), theirs: size(x.FloatBytes), ratio: quantiles{r, r, r}, turns: 1}}, nil
}
