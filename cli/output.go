package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/tfpair/tfpair/internal/jsonline"
)

// output is where a command's results and its conversation go.
type output struct {
	IO
	json  bool // results as JSON lines on Out
	quiet bool // no conversation
}

// results is where results go. It remembers the first error of writing them: a full disk
// behind standard output is a failure of every command, whatever else it looks at.
type results struct {
	io.Writer
	lost error
}

func (r *results) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	if err != nil && r.lost == nil {
		r.lost = err
	}
	return n, err
}

// outputOptions say what is printed, and how. Every command that has something to say has them.
type outputOptions struct{ json, quiet bool }

func (o *outputOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.BoolFlag{Name: "json", Destination: &o.json, Usage: "print JSON, one object per line"},
		&cli.BoolFlag{Name: "quiet", Destination: &o.quiet, Aliases: []string{"q"},
			Usage: "print results and errors only"})
}

// overwriteFlag lets the file of --out, or of --sheet, be replaced.
func overwriteFlag(to *bool) cli.Flag {
	return &cli.BoolFlag{Name: "overwrite", Destination: to, Usage: "replace the file that is written if it exists"}
}

// on returns the output of a command that talks to streams.
func (o outputOptions) on(streams IO) output {
	return output{IO: streams, json: o.json, quiet: o.quiet}
}

// say writes a line of conversation.
func (o output) say(format string, args ...any) {
	if !o.quiet {
		o.line(o.Err, format, args)
	}
}

// print writes a line of the result, where it is not asked for as JSON.
func (o output) print(format string, args ...any) {
	if !o.json {
		o.line(o.Out, format, args)
	}
}

// line writes a line for a person, in colour on a terminal. What its arguments hold is made
// visible.
func (o output) line(w io.Writer, format string, args []any) {
	text := fmt.Sprintf(format, visibles(args)...)
	if colourful(w, o.Getenv) {
		text = coloured(text)
	}
	fmt.Fprintln(w, text)
}

// emit writes one JSON object: the event's name and the fields of v. Numbers that are not
// finite are null.
func (o output) emit(event string, v any) error {
	if !o.json {
		return nil
	}
	line, err := jsonline.Marshal(event, v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "%s\n", line)
	return err
}

// terminal reports whether the conversation is read by a person as it happens.
func (o output) terminal() bool {
	f, ok := o.Err.(*os.File)
	return ok && !o.quiet && term.IsTerminal(int(f.Fd()))
}

// plainEvery is the time between two lines of progress where there is no terminal.
const plainEvery = 10 * time.Second

// progress shows how far long work is: a bar on a terminal, else a line now and then.
type progress struct {
	out   output
	what  string
	bar   *progressbar.ProgressBar // nil off a terminal
	now   func() time.Time
	since time.Time
}

func newProgress(o output, what string, total int, now func() time.Time) *progress {
	p := &progress{out: o, what: what, now: now, since: now()}
	if o.terminal() {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(o.Err),
			progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(24),
			progressbar.OptionEnableColorCodes(false))
	}
	return p
}

// at shows that done of total is done; detail stands beside it.
func (p *progress) at(done, total int, detail string) {
	if p.bar != nil {
		p.bar.Describe(strings.TrimSpace(p.what + " " + detail))
		_ = p.bar.Set(done) // a bar that cannot be drawn is no reason to stop
		return
	}
	if now := p.now(); now.Sub(p.since) >= plainEvery && done < total {
		p.since = now
		p.out.say("%s %d/%d %s", p.what, done, total, detail)
	}
}

// clear takes the bar off the screen, so that a line can be written.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear() // see at
	}
}

// done ends the showing.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish() // see at
	}
}

// newTable returns an empty table in the house style. It is an argument of print as it is.
func newTable(header ...string) table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.Options{SeparateHeader: true}
	style.Format.Header = 0
	t.SetStyle(style)
	row := make(table.Row, len(header))
	for i, h := range header {
		row[i] = h
	}
	t.AppendHeader(row)
	return plainTable{t}
}
