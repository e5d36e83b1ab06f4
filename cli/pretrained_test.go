package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestWeightsAreALayer: weights choose the backbone and the size of images where only the preset
// has said one; what a file or --set says counts. Nothing is downloaded.
func TestWeightsAreALayer(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // where no weights are yet
	file := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(file, []byte("input: {size: 128}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const name = "efficientnet-lite0"
	for _, tt := range []struct {
		about    string
		start    startOptions
		values   map[string]string // key: value, and where it is from
		backbone string
	}{
		{"none", startOptions{weights: []string{"none"}}, map[string]string{"input.size": "64 preset siamese"}, "smallconv"},
		{"a name", startOptions{weights: []string{name}}, map[string]string{"input.size": "224 weights " + name,
			"backbone.efficientnet-lite0.freeze_bn": "false default"}, name},
		{"over a preset with options", startOptions{specOptions: specOptions{preset: "image-label"}, weights: []string{name}},
			map[string]string{"input.size": "224 preset image-label",
				"backbone.efficientnet-lite0.freeze_bn": "true weights " + name}, name},
		{"of two networks", startOptions{weights: []string{name, "efficientnet-lite2"}},
			map[string]string{"input.size": "260 weights efficientnet-lite0 and efficientnet-lite2",
				"head.linear.embedding_dim": "128 default",
				"backbone.concat.of":        "[efficientnet-lite0, efficientnet-lite2] weights efficientnet-lite0 and efficientnet-lite2",
				"backbone.concat.sizes":     "[224, 260] weights efficientnet-lite0 and efficientnet-lite2"}, "concat"},
		{"below a file", startOptions{specOptions: specOptions{file: file}, weights: []string{name}},
			map[string]string{"input.size": "128 " + file}, name},
		{"below --set", startOptions{specOptions: specOptions{set: []string{"input.size=96", "backbone.efficientnet-lite0.freeze=all",
			"head=linear"}}, weights: []string{name}}, map[string]string{"input.size": "96 --set",
			"backbone.efficientnet-lite0.freeze": "all --set"}, name},
	} {
		layers, r, _, err := tt.start.plan()
		if err != nil {
			t.Errorf("%s: %v", tt.about, err)
			continue
		}
		values, err := valuesOf(layers)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if want, ok := tt.values[v.Key]; ok && v.Value+" "+v.From != want {
				t.Errorf("%s: %s is %s from %s, want %s", tt.about, v.Key, v.Value, v.From, want)
			}
		}
		if r.Spec.Backbone.Name != tt.backbone {
			t.Errorf("%s: the backbone is %s, want %s", tt.about, r.Spec.Backbone.Name, tt.backbone)
		}
	}
}

// TestWeightsRefused: weights that cannot be meant are refused before anything is downloaded.
func TestWeightsRefused(t *testing.T) {
	for text, o := range map[string]startOptions{
		`--weights "mobilenet" is no file and no name of weights (known: efficientnet-lite0, efficientnet-lite1, ` +
			`efficientnet-lite2, mobilenetv2, none); did you mean mobilenetv2?`: {weights: []string{"mobilenet"}},
		`weights "efficientnet-lite0" are of efficientnet-lite0, and the backbone is conv4; give --set backbone=efficientnet-lite0`: {weights: []string{"efficientnet-lite0"},
			specOptions: specOptions{set: []string{"backbone=conv4"}}},
		"--weights names weights of efficientnet-lite0 twice; networks that stand side by side are different ones": {
			weights: []string{"efficientnet-lite0", "efficientnet-lite0"}},
		`weights "efficientnet-lite0 and mobilenetv2" are of efficientnet-lite0 and mobilenetv2, and the backbone is conv4; ` +
			`give --set 'backbone={concat: {of: [efficientnet-lite0, mobilenetv2], sizes: [224, 224]}}'`: {
			weights: []string{"efficientnet-lite0", "mobilenetv2"}, specOptions: specOptions{set: []string{"backbone=conv4"}}},
		"--weights none stands alone, and is given with others": {weights: []string{"efficientnet-lite0", "none"}},
	} {
		_, _, _, err := o.plan()
		var wrong *usageError
		if !errors.As(err, &wrong) || err.Error() != text {
			t.Errorf("plan = %v, want %s", err, text)
		}
	}
}

// TestWanted: preset image-label starts without weights only where that is said, where its backbone
// is one that has none, and where a run goes on; the hint is the command with weights that there are.
func TestWanted(t *testing.T) {
	old := t.TempDir()
	if err := os.WriteFile(filepath.Join(old, "spec.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "new")
	base := commandLine{"tfpair", "train", "--preset", "image-label"}
	for _, tt := range []struct {
		preset, folder string
		weights, set   []string
		hint           string // "": it is not refused
	}{
		{"siamese", fresh, nil, []string{"backbone=resnet50"}, ""},
		{"image-label", old, nil, nil, ""},
		{"image-label", fresh, []string{"none"}, nil, ""},
		{"image-label", fresh, nil, []string{"backbone=smallconv"}, ""},
		{"siamese", fresh, nil, []string{"backbone={concat: {of: [efficientnet-lite0, mobilenetv2]}}", "head=linear"},
			"tfpair train --preset image-label --set 'backbone={concat: {of: [efficientnet-lite0, mobilenetv2]}}' --set head=linear " +
				"--weights efficientnet-lite0 --weights mobilenetv2"},
		{"image-label", fresh, nil, nil, "tfpair train --preset image-label --weights efficientnet-lite0"},
		{"image-label", fresh, nil, []string{"backbone.resnet50.freeze_bn=true"},
			"tfpair train --preset image-label --weights efficientnet-lite0"},
		{"image-label", fresh, nil, []string{"backbone=efficientnet-lite0"},
			"tfpair train --preset image-label --weights efficientnet-lite0"},
	} {
		o := startOptions{specOptions{preset: tt.preset, set: tt.set}, tt.weights}
		_, r, _, err := o.plan()
		if err != nil {
			t.Fatal(err)
		}
		var wanted *wantedError
		if err := o.checkWanted(r, tt.folder); !errors.As(err, &wanted) {
			if tt.hint != "" || err != nil {
				t.Errorf("%+v: %v, want the hint %q", tt, err, tt.hint)
			}
			continue
		}
		line := base
		for _, set := range tt.set {
			line = line.with(given{"set", set})
		}
		if got := wanted.mend(line).String(); got != tt.hint {
			t.Errorf("%+v: the hint is %q, want %q", tt, got, tt.hint)
		}
	}
}
