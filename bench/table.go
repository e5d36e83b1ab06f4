package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// speedPage holds the tables, between lines that say so.
const (
	speedPage  = "../docs/speed.md"
	tableBegin = "<!-- written by: go -C bench run . table -write -->\n"
	tableEnd   = "<!-- end -->\n"
)

// compared is a line of the table: tfpair beside another side of the same measurement.
type compared struct {
	what         string    // is measured
	beside       string    // the other side
	ours, theirs string    // as people write them
	ratio        quantiles // above 1 tfpair does better
	turns        int       // that the ratio is of
	processor    float64   // the ratio of processor times; 0: not measured
	load         []float64 // of the machine; nil: not noted
	of           entry
}

// tables prints what the stored results say of tfpair beside others, or writes it into the page.
func tables(o options) error {
	text, err := tableOf(o)
	if err != nil {
		return err
	}
	if !o.write {
		_, err = o.out.Write(text)
		return err
	}
	page, err := os.ReadFile(speedPage)
	if err != nil {
		return err
	}
	if page, err = between(page, text); err != nil {
		return fmt.Errorf("%s: %w", speedPage, err)
	}
	return renameio.WriteFile(speedPage, page, 0o644)
}

// between returns page with text in the place of what is between the lines.
func between(page, text []byte) ([]byte, error) {
	before, rest, ok1 := bytes.Cut(page, []byte(tableBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(tableEnd))
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("the lines %q and %q are not there", tableBegin, tableEnd)
	}
	return slices.Concat(before, []byte(tableBegin), text, []byte(tableEnd), after), nil
}

// tableOf returns both tables, and what was measured with what.
func tableOf(o options) ([]byte, error) {
	var out bytes.Buffer
	var entries []entry
	lines, err := comparisons(o)
	if err != nil {
		return nil, err
	}
	out.WriteString("\n| what | beside | tfpair | the other | ratio (range; turns) | by processor time | load | measured |\n" +
		"|---|---|---|---|---|---|---|---|\n")
	for _, c := range lines {
		entries = append(entries, c.of)
		fmt.Fprintf(&out, "| %s | %s | %s | %s | **%.2f** (%.2f–%.2f; %d) | %s | %s | %s |\n", c.what, c.beside, c.ours, c.theirs,
			c.ratio.Median, c.ratio.Low, c.ratio.High, c.turns, ratioText(c.processor), loadText(c.load), c.of.when())
	}
	forms, err := inferenceTable(o, &entries)
	if err != nil {
		return nil, err
	}
	parts, err := layersTable(o, &entries)
	if err != nil {
		return nil, err
	}
	out.WriteString("\n" + forms + "\n")
	if parts != "" {
		out.WriteString(parts + "\n")
	}
	for _, line := range madeWith(entries) {
		out.WriteString(line + "\n")
	}
	return out.Bytes(), nil
}

func ratioText(x float64) string {
	if x == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", x)
}

func loadText(load []float64) string {
	if len(load) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", slices.Max(load))
}

func (e entry) when() string { return e.At.Format("2006-01-02") + ", " + e.Commit }

// inferenceTable has a row for each network, size of batches, and precision.
func inferenceTable(o options, entries *[]entry) (string, error) {
	kept, err := openResults(o, "inference")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("| exported network | precision | images/s | OpenVINO | ONNX Runtime | Keras | PyTorch | own float32 | load | measured |\n" +
		"|---|---|---|---|---|---|---|---|---|---|\n")
	for _, e := range slices.SortedFunc(slices.Values(kept.list), func(a, b entry) int { return inferenceOrder(a.ID) - inferenceOrder(b.ID) }) {
		var a alternated
		if _, err := kept.get(e.ID, &a); err != nil {
			return "", err
		}
		*entries = append(*entries, e)
		var batch int
		if _, rest, ok := strings.Cut(e.ID, ", batch "); ok {
			_, _ = fmt.Sscan(rest, &batch)
		}
		for _, ours := range []string{"tfpair", "tfpair" + withBytes} {
			if len(a.Seconds[ours]) == 0 {
				continue
			}
			precision, end := "float32", ""
			if ours != "tfpair" {
				precision, end = "int8", withBytes
			}
			fmt.Fprintf(&out, "| %s | %s | %.1f |", e.ID, precision, float64(batch)/spread(a.Seconds[ours]).Median)
			for _, other := range []string{"openvino" + end, "onnx" + end, "keras", "torch", "tfpair"} {
				if other == ours || len(a.Seconds[other]) == 0 {
					out.WriteString(" – |")
					continue
				}
				r := over(a.Seconds, other, ours)
				fmt.Fprintf(&out, " **%.2f** (%.2f–%.2f), %.2f |", r.Median, r.Low, r.High, a.costs(other, ours))
			}
			fmt.Fprintf(&out, " %s | %s |\n", loadText(a.Load), e.when())
		}
	}
	return out.String(), nil
}

// inferenceOrder sorts rows as networks and batches are listed; what is not listed comes last.
func inferenceOrder(id string) int {
	place := 0
	for _, m := range inferenceModels {
		for _, batch := range inferenceBatches {
			if strings.HasPrefix(id, fmt.Sprintf("%s, batch %d,", m.name, batch)) {
				return place
			}
			place++
		}
	}
	return place
}

// madeWith says what the entries were measured on and with.
func madeWith(entries []entry) []string {
	machines, versions := map[string][]string{}, map[string]bool{}
	for _, e := range entries {
		machines[e.Machine] = append(machines[e.Machine], e.Commit)
		for name, version := range e.Versions {
			versions[name+" "+version] = true
		}
	}
	names := slices.Sorted(maps.Keys(machines))
	lines := []string{"Machine: " + strings.Join(names, "") + "."}
	if len(names) > 1 {
		for i, name := range names {
			slices.Sort(machines[name])
			names[i] += " (commits " + strings.Join(slices.Compact(machines[name]), ", ") + ")"
		}
		lines = []string{"Machines, with the commits that were measured there: " + strings.Join(names, "; ") + "."}
	}
	if len(versions) > 0 {
		lines = append(lines, "Versions, where a measurement noted them: "+strings.Join(slices.Sorted(maps.Keys(versions)), ", ")+".")
	}
	return lines
}
