//go:build linux && amd64 && tensorflow

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/tracer"
)

// disk is a folder as programs see it, and as a disk holds it: names come to the disk when
// their folder is synced, contents when their file is. It is stricter than file systems in use,
// which bring more to the disk than they promise.
type disk struct {
	root  string // absolute path of the folder
	top   *node
	torn  string // a call that the disk cannot follow, "" for none
	calls int    // that changed it
}

// node is a file or a folder.
type node struct {
	names  map[string]*node // of a folder, as programs see it; nil for files
	synced map[string]*node // of a folder, on the disk
	data   []byte           // of a file, as programs see it
	kept   []byte           // of a file, on the disk
}

func folderNode() *node { return &node{names: map[string]*node{}, synced: map[string]*node{}} }

// readDisk reads a folder all of which is on the disk.
func readDisk(root string) (*disk, error) {
	top, err := readNode(root)
	return &disk{root: root, top: top}, err
}

func readNode(path string) (*node, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		data, err := os.ReadFile(path)
		return &node{data: data, kept: data}, err
	}
	n := folderNode()
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if n.names[e.Name()], err = readNode(filepath.Join(path, e.Name())); err != nil {
			return nil, err
		}
	}
	n.synced = maps.Clone(n.names)
	return n, nil
}

// find returns the folder that a path lies in, the last name, and what is there; nil for nothing.
func (d *disk) find(path string) (folder *node, name string, there *node) {
	rest, ok := strings.CutPrefix(path, d.root)
	if !ok {
		return nil, "", nil
	}
	folder, there = nil, d.top
	for _, part := range strings.Split(strings.Trim(filepath.Clean(rest), "/"), "/") {
		if part == "" || part == "." {
			continue
		}
		if there == nil || there.names == nil {
			return nil, "", nil
		}
		folder, name, there = there, part, there.names[part]
	}
	return folder, name, there
}

// apply does what a call does, which is taken to work.
func (d *disk) apply(call tracer.Call) {
	d.calls++
	folder, name, n := d.find(call.Path)
	switch call.Class {
	case tracer.Open:
		d.open(call, folder, name, n)
	case tracer.Write:
		d.write(call, n)
	case tracer.Truncate:
		if n != nil && call.Name != "fallocate" {
			n.data = append(n.data[:min(int64(len(n.data)), call.At):min(int64(len(n.data)), call.At)],
				make([]byte, max(0, call.At-int64(len(n.data))))...)
		}
	case tracer.Sync:
		switch {
		case n == nil:
		case n.names != nil:
			n.synced = maps.Clone(n.names)
		default:
			n.kept = append([]byte(nil), n.data...)
		}
	case tracer.Make:
		if folder != nil && n == nil {
			folder.names[name] = folderNode()
		}
	case tracer.Remove:
		if folder != nil {
			delete(folder.names, name)
		}
	case tracer.Rename:
		d.rename(call, folder, name, n)
	case tracer.Map:
		d.torn = call.String() + " maps a file to write into it"
	}
}

func (d *disk) open(call tracer.Call, folder *node, name string, n *node) {
	switch {
	case n == nil && folder != nil && call.Flags&unix.O_CREAT != 0:
		folder.names[name] = &node{}
	case n != nil && n.names == nil && call.Flags&unix.O_TRUNC != 0:
		n.data = nil
	}
}

func (d *disk) write(call tracer.Call, n *node) {
	if n == nil {
		return
	}
	if call.Data == nil {
		d.torn = call.String() + " writes what is not known"
		return
	}
	end := call.At + int64(len(call.Data))
	data := make([]byte, max(int64(len(n.data)), end))
	copy(data, n.data)
	copy(data[call.At:], call.Data)
	n.data = data
}

func (d *disk) rename(call tracer.Call, folder *node, name string, n *node) {
	to, newName, _ := d.find(call.To)
	switch {
	case strings.HasPrefix(call.Name, "sym"):
		d.torn = call.String() + " makes a symbolic link"
	case n != nil && to != nil:
		to.names[newName] = n
		if strings.HasPrefix(call.Name, "rename") {
			delete(folder.names, name)
		}
	}
}

// loss is a way to lose power: what of names and contents is there afterwards.
type loss struct {
	name          string
	names, synced bool // names: as programs saw them, else as synced; synced: contents as synced
}

// losses are the ways: all but what was synced is lost; or names went ahead of contents, as
// file systems that write contents late do.
var losses = []loss{
	{"what was not synced is lost", false, true},
	{"names came to the disk before contents", true, true},
}

// write lays out in a folder what is there after a loss.
func (l loss) write(n *node, path string) error {
	if n.names == nil {
		return os.WriteFile(path, n.kept, 0o644)
	}
	if err := os.Mkdir(path, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	entries := n.synced
	if l.names {
		entries = n.names
	}
	for name, below := range entries {
		if err := l.write(below, filepath.Join(path, name)); err != nil {
			return fmt.Errorf("lay out %s: %w", path, err)
		}
	}
	return nil
}
