package serve

import (
	"context"
	"time"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
)

// databasePatience is how long a question to the database may take.
const databasePatience = 30 * time.Second

// patiently returns the context of a question to the database.
func patiently() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), databasePatience)
}

// database is an index in PostgreSQL of the embeddings of a model.
type database struct {
	*postgres.Index
	model *models.Manifest
}

// openDatabase opens the index at a URL. The error is a *postgres.Error.
func openDatabase(model *models.Model, url string) (_ *database, err error) {
	ctx, cancel := patiently()
	defer cancel()
	manifest := model.Info().Manifest
	x, err := postgres.Open(ctx, url, manifest.FitsAbout)
	if err != nil {
		return nil, err
	}
	return &database{x, &manifest}, nil
}

// Threshold returns the distance up to which a hit is accepted.
func (d *database) Threshold() (models.Threshold, bool) {
	if a := d.About().Accept; a != nil {
		return a.Threshold, true
	}
	return models.Threshold{}, false
}

// SearchEmbeddings returns the k nearest of each row of embeddings [N,D].
func (d *database) SearchEmbeddings(embeddings []float32, k int) ([][]models.Hit, error) {
	ctx, cancel := patiently()
	defer cancel()
	found, err := d.Answers(ctx, embeddings, k)
	if err != nil {
		return nil, err
	}
	accept, ok := d.Threshold()
	lists := make([][]models.Hit, len(found))
	for i, list := range found {
		for _, a := range list {
			lists[i] = append(lists[i], models.Hit{ID: a.ID, Class: a.Class, Distance: a.Distance, Accepted: ok && accept.Accepts(a.Distance)})
		}
	}
	return lists, nil
}

// PutEntries returns when the entries are committed.
func (d *database) PutEntries(entries ...index.Entry) error {
	ctx, cancel := patiently()
	defer cancel()
	for i := range entries {
		entries[i].Learned = d.model.Learned(entries[i].Class)
	}
	_, err := d.Put(ctx, entries...)
	return err
}

// Remove returns how many of the ids were there, when that is committed.
func (d *database) Remove(ids ...string) (int, error) {
	ctx, cancel := patiently()
	defer cancel()
	return d.Index.Remove(ctx, ids...)
}

// Entry returns the entry of an id.
func (d *database) Entry(id string) (index.Entry, bool, error) {
	ctx, cancel := patiently()
	defer cancel()
	return d.Find(ctx, id)
}

// Classes returns how many classes the entries are of.
func (d *database) Classes() (int, error) {
	ctx, cancel := patiently()
	defer cancel()
	return d.Index.Classes(ctx)
}
