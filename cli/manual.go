package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
)

// manualOptions are the options of tfpair manual.
type manualOptions struct{ folder string }

func newManualCommand() *cli.Command {
	var o manualOptions
	c := &cli.Command{
		Name:        "manual",
		Usage:       "write a manual page for each command",
		Description: examplesHead + "  tfpair manual --out man1",
		Hidden:      true, // for packages: the text is that of tfpair help
		Action:      func(c *cli.Context) error { return runManual(o, c.App) },
	}
	c.Flags = []cli.Flag{&cli.StringFlag{Name: "out", Destination: &o.folder,
		Usage: "`FOLDER` of the pages, which is made"}}
	needs(c, "out")
	return c
}

func (o manualOptions) validate() error { return require("manual", given{"out", o.folder}) }

func runManual(o manualOptions, app *cli.App) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	if entries, err := os.ReadDir(o.folder); len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &aside.ExistsError{Path: o.folder}
	}
	around := filepath.Dir(filepath.Clean(o.folder))
	if err := aside.MkdirAll(around); err != nil {
		return err
	}
	folder, err := aside.CreateFolder(around, ".tmp-manual-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Cleanup()) }()
	for _, p := range visiblePages(rootPage(app)) {
		path := filepath.Join(folder.Path(), p.manualName()+".1")
		if err := os.WriteFile(path, p.manual(), 0o644); err != nil {
			return err
		}
	}
	return folder.Publish(o.folder)
}

// visiblePages returns a page and those below it, without those of hidden commands.
func visiblePages(p page) []page {
	list := []page{p}
	for _, c := range p.command.Subcommands {
		if !c.Hidden {
			list = append(list, visiblePages(page{p.name + " " + c.Name, c})...)
		}
	}
	return list
}

// manualName is the name of the page: tfpair-index-build.
func (p page) manualName() string { return strings.ReplaceAll(p.name, " ", "-") }

// manual returns the page as troff, by way of Markdown.
func (p page) manual() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%% %s 1\n# NAME\n%s - %s\n", strings.ToUpper(p.manualName()), p.manualName(), plainMarkdown(p.command.Usage))
	fmt.Fprintf(&b, "# SYNOPSIS\n**%s**%s\n", p.name, plainMarkdown(strings.TrimPrefix(p.synopsis(), p.name)))
	description, examples := p.text()
	if description != "" {
		b.WriteString("# DESCRIPTION\n" + manualParagraphs(description) + "\n")
	}
	needed, others := p.flags()
	for _, part := range []struct {
		title string
		flags []cli.DocGenerationFlag
	}{{"REQUIRED FLAGS", needed}, {"FLAGS", others}} {
		for i, f := range part.flags {
			if i == 0 {
				fmt.Fprintf(&b, "# %s\n", part.title)
			}
			fmt.Fprintf(&b, "**%s**\n: %s\n\n", plainMarkdown(flagNames(f)), plainMarkdown(flagText(f)))
		}
	}
	if examples != "" {
		fmt.Fprintf(&b, "# EXAMPLES\n```\n%s\n```\n", examples)
	}
	if see := p.related(); see != "" {
		fmt.Fprintf(&b, "# SEE ALSO\n%s\n", see)
	}
	return md2man.Render([]byte(b.String()))
}

// related names the pages of the commands below, or else that of the program.
func (p page) related() string {
	var names []string
	for _, below := range visiblePages(p)[1:] {
		names = append(names, below.manualName()+"(1)")
	}
	if len(names) == 0 {
		names = append(names, strings.Fields(p.name)[0]+"(1)")
	}
	return strings.Join(names, ", ")
}

// manualParagraphs writes a description as Markdown. Its lines that begin with a space stay as
// they are.
func manualParagraphs(text string) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, " ") {
			lines = append(lines, "    "+line) // code, where a blank line or code is before it
			continue
		}
		lines = append(lines, plainMarkdown(line))
	}
	return strings.Join(lines, "\n")
}

// plainMarkdown escapes what Markdown would take for its own.
func plainMarkdown(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`,
		"`", "\\`", "#", `\#`, "|", `\|`).Replace(text)
}
