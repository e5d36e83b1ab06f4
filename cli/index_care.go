package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/models/index"
)

// careOptions are the options of tfpair index compact and verify.
type careOptions struct {
	index  string
	output outputOptions
}

func (o *careOptions) addFlags(c *cli.Command, usage string) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "index", Destination: &o.index, Usage: usage})
	o.output.addFlags(c)
	needs(c, "index")
}

func newIndexCompactCommand(streams IO) *cli.Command {
	var o careOptions
	c := &cli.Command{
		Name:  "compact",
		Usage: "free the room of removed images in an index",
		Description: `Writes what is in the index as one segment and removes the files before it. Searches go
on meanwhile, and programs that change the index wait.

` + examplesHead + `  tfpair index compact --index figures.index`,
		Action: func(*cli.Context) error { return runIndexCompact(o, streams) },
	}
	o.addFlags(c, "`FOLDER` from tfpair index build")
	return c
}

// compacted is the result of tfpair index compact.
type compacted struct {
	Index  string `json:"index"`
	Images int    `json:"images"`
	Before int64  `json:"bytes_before"` // of the folder
	After  int64  `json:"bytes_after"`
}

func runIndexCompact(o careOptions, streams IO) error {
	if err := require("index compact", given{"index", o.index}); err != nil {
		return err
	}
	out := o.output.on(streams)
	f, err := index.OpenFolder(o.index)
	if err != nil {
		return err
	}
	r := compacted{Index: o.index, Images: f.Index().Len()}
	if r.Before, err = folderBytes(o.index); err != nil {
		return err
	}
	if err := f.Compact(); err != nil {
		return err
	}
	if r.After, err = folderBytes(o.index); err != nil {
		return err
	}
	if err := out.emit("summary", r); err != nil {
		return err
	}
	out.print("%s: %s, %.1f MB before and %.1f MB now", r.Index, count(r.Images, "image"), float64(r.Before)/1e6, float64(r.After)/1e6)
	return nil
}

// folderBytes returns the size of the files in a folder.
func folderBytes(path string) (total int64, err error) {
	err = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

func newIndexVerifyCommand(streams IO) *cli.Command {
	var o careOptions
	c := &cli.Command{
		Name:  "verify",
		Usage: "check all of an index against its checksums",
		Description: `Reads every file of the index and names those that are not as they were written. A
damaged index is built again; nothing can mend it.

` + examplesHead + `  tfpair index verify --index figures.index`,
		Action: func(*cli.Context) error { return runIndexVerify(o, streams) },
	}
	o.addFlags(c, "`PATH` of an index, a folder or a file")
	return c
}

// verifiedIndex is the result of tfpair index verify.
type verifiedIndex struct {
	Index   string   `json:"index"`
	Images  int      `json:"images"` // 0 where it is damaged
	Whole   bool     `json:"whole"`
	Damaged []string `json:"damaged,omitempty"` // what is wrong
}

func runIndexVerify(o careOptions, streams IO) error {
	if err := require("index verify", given{"index", o.index}); err != nil {
		return err
	}
	out := o.output.on(streams)
	if _, err := os.Stat(o.index); err != nil {
		return &index.Error{Path: o.index, Err: regular.Reason(err)}
	}
	r := verifiedIndex{Index: o.index}
	wrong := index.Verify(o.index)
	for _, err := range wrong {
		r.Damaged = append(r.Damaged, err.Error())
	}
	if r.Whole = len(wrong) == 0; r.Whole {
		_, items, err := index.ReadItems(o.index)
		if err != nil {
			return err
		}
		r.Images = len(items)
	}
	if err := out.emit("summary", r); err != nil {
		return err
	}
	for _, line := range r.Damaged {
		out.print("damaged  %s", line)
	}
	if !r.Whole {
		return &index.Error{Path: o.index, Err: fmt.Errorf("it is not as it was written: %s", count(len(wrong), "fault"))}
	}
	out.print("%s is whole: %s", r.Index, count(r.Images, "image"))
	return nil
}
