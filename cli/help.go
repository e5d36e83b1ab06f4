package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// required is the category of the flags that a command does not work without. Help lists
// them first; a test holds the mark and the command's own check together.
const required = "required"

// needs marks flags that a command does not work without.
func needs(c *cli.Command, flags ...string) {
	for _, f := range c.Flags {
		switch of := f.(type) {
		case *cli.StringFlag:
			if slices.Contains(flags, of.Name) {
				of.Category = required
			}
		case *cli.StringSliceFlag:
			if slices.Contains(flags, of.Name) {
				of.Category = required
			}
		}
	}
}

// examplesHead begins the part of a Description that help shows last: commands that run as
// printed after tfpair demo, one a line.
const examplesHead = "Examples:\n"

// page is the help of one command.
type page struct {
	name    string // as it is typed: "tfpair index build"
	command *cli.Command
}

func newHelpCommand(streams IO) *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "show what a command does and which flags it takes",
		ArgsUsage: "[COMMAND]",
		Description: examplesHead +
			"  tfpair help train\n" +
			"  tfpair help index build",
		Action: func(c *cli.Context) error { return runHelp(c.App, c.Args().Slice(), streams.Out) },
	}
}

// runHelp shows the command that the words name, or the program.
func runHelp(app *cli.App, words []string, w io.Writer) error {
	p := rootPage(app)
	for _, word := range words {
		next, err := p.sub(word)
		if err != nil {
			return err
		}
		p = next
	}
	_, err := io.WriteString(w, p.help())
	return err
}

// rootPage is the page of the program itself.
func rootPage(app *cli.App) page {
	return page{app.Name, &cli.Command{Name: app.Name, Usage: app.Usage, Description: app.Description,
		Subcommands: app.Commands, Flags: app.Flags}}
}

// sub returns the page of a command below this one.
func (p page) sub(name string) (page, error) {
	for _, c := range p.command.Subcommands {
		if c.HasName(name) {
			return page{p.name + " " + c.Name, c}, nil
		}
	}
	return page{}, hinted(unknownCommand(name, p.command.Subcommands), p.words())
}

// words returns the command's name without the program's: [index build].
func (p page) words() []string { return strings.Fields(p.name)[1:] }

// synopsis is the command with its required flags.
func (p page) synopsis() string {
	words := []string{p.name}
	needed, others := p.flags()
	for _, f := range needed {
		words = append(words, "--"+f.Names()[0]+" "+placeholder(f))
	}
	switch {
	case len(p.command.Subcommands) > 0:
		words = append(words, "COMMAND [flags]")
	case p.command.ArgsUsage != "":
		words = append(words, p.command.ArgsUsage)
	case len(others) > 0:
		words = append(words, "[flags]")
	}
	return strings.Join(words, " ")
}

// flags returns the flags that are required, and the others.
func (p page) flags() (needed, others []cli.DocGenerationFlag) {
	for _, f := range p.command.Flags {
		of := f.(cli.DocGenerationFlag) // all flags of the package are
		if c, ok := f.(cli.CategorizableFlag); ok && c.GetCategory() == required {
			needed = append(needed, of)
		} else {
			others = append(others, of)
		}
	}
	return needed, others
}

// text returns the description without examples, and the examples.
func (p page) text() (description, examples string) {
	description, examples, _ = strings.Cut(p.command.Description, examplesHead)
	return strings.TrimSpace(description), strings.TrimRight(examples, "\n")
}

// helpWidth is the length of a line of help.
const helpWidth = 80

// help returns the page as help.
func (p page) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\nUsage:\n  %s\n", p.name, p.command.Usage, p.synopsis())
	description, examples := p.text()
	if description != "" {
		b.WriteString("\n" + wrap(description, helpWidth) + "\n")
	}
	writeCommands(&b, p.command.Subcommands)
	needed, others := p.flags()
	writeFlags(&b, "Required flags", needed)
	writeFlags(&b, "Flags", others)
	if examples != "" {
		fmt.Fprintf(&b, "\n%s%s\n", examplesHead, examples)
	}
	return b.String()
}

// helpFlag is --help, which knows what it shows.
type helpFlag struct {
	*cli.BoolFlag
	page func() page
}

func newHelpFlag(p func() page) helpFlag {
	return helpFlag{&cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show this help"}, p}
}

// Help returns what the flag shows; helpTemplate calls it.
func (f helpFlag) Help() string { return f.page().help() }

// helpTemplate is what the flag parser fills in with a command, or the program, where it meets
// --help.
const helpTemplate = `{{range .Flags}}{{if eq (index .Names 0) "help"}}{{.Help}}{{end}}{{end}}`

// writeCommands writes each command with what it does.
func writeCommands(b *strings.Builder, commands []*cli.Command) {
	var rows [][2]string
	for _, c := range commands {
		if !c.Hidden {
			rows = append(rows, [2]string{c.Name, c.Usage})
		}
	}
	writeRows(b, "Commands", rows)
}

func writeFlags(b *strings.Builder, title string, flags []cli.DocGenerationFlag) {
	var rows [][2]string
	for _, f := range flags {
		rows = append(rows, [2]string{flagNames(f), flagText(f)})
	}
	writeRows(b, title, rows)
}

// writeRows writes names with the text of each beside them, under a title.
func writeRows(b *strings.Builder, title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	wide := 0
	for _, row := range rows {
		wide = max(wide, utf8.RuneCountInString(row[0]))
	}
	indent := strings.Repeat(" ", wide+4)
	fmt.Fprintf(b, "\n%s:\n", title)
	for _, row := range rows {
		text := strings.ReplaceAll(wrap(row[1], helpWidth-wide-4), "\n", "\n"+indent)
		fmt.Fprintf(b, "  %-*s  %s\n", wide, row[0], text)
	}
}

// flagNames writes a flag as it is typed: "--quiet, -q", "--data PATH".
func flagNames(f cli.DocGenerationFlag) string {
	var names []string
	for _, name := range f.Names() {
		names = append(names, dashed(name))
	}
	text := strings.Join(names, ", ")
	if f.TakesValue() {
		text += " " + placeholder(f)
	}
	return text
}

// dashed writes the name of a flag with its dashes.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// flagText says what a flag does, and what holds without it.
func flagText(f cli.DocGenerationFlag) string {
	text := strings.ReplaceAll(f.GetUsage(), "`", "")
	if of := strings.Trim(f.GetDefaultText(), `"`); f.TakesValue() && of != "" && of != "0" {
		text += " (default: " + of + ")"
	}
	return text
}

// placeholder is the word of the usage in back quotes, which stands for the flag's value.
func placeholder(f cli.DocGenerationFlag) string {
	if parts := strings.SplitN(f.GetUsage(), "`", 3); len(parts) == 3 {
		return parts[1]
	}
	return "VALUE"
}

// wrap breaks the paragraphs of a text into lines of a width. Lines that begin with a space
// stay as they are.
func wrap(text string, width int) string {
	var b strings.Builder
	used := 0 // letters of the line that words may be added to; 0: none may
	lines := 0
	begin := func() {
		if lines++; lines > 1 {
			b.WriteByte('\n')
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == ' ' {
			begin()
			b.WriteString(line)
			used = 0
			continue
		}
		for word := range strings.FieldsSeq(line) {
			letters := utf8.RuneCountInString(word)
			if used > 0 && used+1+letters <= width {
				b.WriteByte(' ')
				used += 1 + letters
			} else {
				begin()
				used = letters
			}
			b.WriteString(word)
		}
	}
	return b.String()
}
