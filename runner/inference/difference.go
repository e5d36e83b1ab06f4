package inference

import (
	"context"
	"maps"

	"github.com/tfpair/tfpair/models/index"
)

// Difference says what an index lacks of a collection, and what it has beside that.
type Difference struct {
	New     []int32 // images that are not in the index
	Changed []int32 // whose file is another one
	Stale   []int32 // whose file is the same, and whose class, thumbnail or metadata is not
	Same    int     // images that the index has as they are
}

// Stored is what an index has of an image.
type Stored struct {
	index.Item
	Metadata map[string]string
	Picture  bool // it has a thumbnail
}

// Keeping returns item, which is the image now, with the class that the index has of it where its data names none. s may be nil.
func (s *Stored) Keeping(item index.Item) index.Item {
	if s != nil && (item.Class == "" || item.Class == s.Class && item.Coarse == "") {
		item.Class, item.Coarse = s.Class, s.Coarse
	}
	return item
}

// Compare compares c, and what is to be beside its embeddings, with an index in a folder.
func (c *Collection) Compare(ctx context.Context, f *index.Folder, b Beside) (*Difference, error) {
	return c.Differ(ctx, b, func(_ context.Context, ids []string) ([]*Stored, error) {
		list := make([]*Stored, len(ids))
		for i, id := range ids {
			if x, row, there := f.Find(id); there {
				list[i] = &Stored{x.Item(row), x.Metadata(row), x.HasPicture(row)}
			}
		}
		return list, nil
	})
}

// Differ compares c, and what is to be beside its embeddings, with an index of which stored tells what it has of
// images by their ids, nil where it has none.
func (c *Collection) Differ(ctx context.Context, b Beside, stored func(ctx context.Context, ids []string) ([]*Stored, error)) (*Difference, error) {
	items, err := c.Items(ctx, c.Images)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	list, err := stored(ctx, ids)
	if err != nil {
		return nil, err
	}
	d := &Difference{}
	for i, there := range list {
		image := c.Images[i]
		switch {
		case there == nil:
			d.New = append(d.New, image)
		case there.SHA256 != items[i].SHA256:
			d.Changed = append(d.Changed, image)
		case there.Item != there.Keeping(items[i]), b.Thumbnails && !there.Picture, !maps.Equal(b.Of(c.Data.Images[image].Path, there.Metadata), there.Metadata):
			d.Stale = append(d.Stale, image)
		default:
			d.Same++
		}
	}
	return d, nil
}
