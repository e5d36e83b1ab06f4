package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPartOf: operations of both sides are told apart by the names of layers in them.
func TestPartOf(t *testing.T) {
	for name, want := range map[string]string{
		"embed/tower/conv1_conv/convolve/Conv2D/int8":               "stem 7×7",
		"embed/tower/conv2_block1_0_conv/convolve/Conv2D/int8":      "stage 2, shortcut",
		"embed/tower/conv3_block4_1_conv/convolve/Conv2D/int8":      "stage 3, first 1×1",
		"embed/tower/conv4_block10_2_conv/convolve/Conv2D_original": "stage 4, 3×3",
		"embed/tower/conv5_block3_3_conv/convolve/Conv2D/int8":      "stage 5, second 1×1, sum",
		"embed/tower/pool/features":                                 "the rest",
	} {
		if got := partOf(name); got != want {
			t.Errorf("partOf(%q) = %q, want %q", name, got, want)
		}
	}
	for _, part := range []string{stemPart, restPart} {
		if !strings.Contains(strings.Join(layered{}.parts(), ";"), part) {
			t.Errorf("%q is no part", part)
		}
	}
}

// TestLayersTable: both sides stand beside each other, and nothing is shown where nothing was measured.
func TestLayersTable(t *testing.T) {
	o := options{results: t.TempDir()}
	var entries []entry
	if text, err := layersTable(o, &entries); text != "" || err != nil {
		t.Errorf("without results: %q, %v", text, err)
	}
	stored := `[{"id":"resnet50, batch 1, 2 cores","values":{"tfpair":{"seconds":0.02,"layers":{"stem 7×7":0.001}},
		"openvino":{"seconds":0.01,"layers":{"stem 7×7":0.0005,"the rest":0.002}}}}]`
	if err := os.WriteFile(filepath.Join(o.results, "layers.json"), []byte(stored), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := layersTable(o, &entries)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d entries, %v; want 1", len(entries), err)
	}
	for _, want := range []string{"| resnet50, batch 1, 2 cores: tfpair | OpenVINO |", "\n| stem 7×7 | 1.00 | 0.50 |\n", "\n| the rest | 0.00 | 2.00 |\n",
		"\n| a run, traced | 20.00 | 10.00 |\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
}
