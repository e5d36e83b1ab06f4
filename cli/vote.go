package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/inference"
)

// voteOptions say how many images vote on a class.
type voteOptions struct {
	of    int
	given bool // by the user
}

// addFlags adds --vote; when says what it is for, "" for the command.
func (o *voteOptions) addFlags(c *cli.Command, when string) {
	c.Flags = append(c.Flags, &cli.IntFlag{Name: "vote", Destination: &o.of, Value: index.DefaultVote,
		Usage: "let the `N` nearest images vote on the class; 1: the nearest decides" + when})
}

func (o voteOptions) validate() error {
	if o.of < 1 {
		return usagef("--vote must be 1 or more, got %d", o.of)
	}
	return nil
}

// on returns the vote of the nearest of hits, nil where none of them has a class.
func (o voteOptions) on(hits []inference.Hit) *index.Vote {
	if len(hits) == 0 {
		return nil
	}
	v, named := inference.Vote(hits, o.of)
	if !named {
		return nil
	}
	return &v
}

// shown reports whether a person reads the vote: asked for, or where the nearest is of another class.
func (o voteOptions) shown(s searched) bool {
	return s.Vote != nil && (o.given || s.Vote.Class != s.Hits[0].Class)
}

// named says which class the nearest images name. The threshold acts on the nearest of them.
func (s searched) named() string {
	v, class := s.Vote, "none"
	if v.Class != "" {
		class = v.Class
	}
	text := fmt.Sprintf("class %s: %d of the %d nearest, %.0f %% of the votes", class, v.Votes, v.Of, 100*v.Share)
	if v.Tied {
		text += ", tied with another class"
	}
	if accepted := s.Hits[0].Accepted; accepted != nil && !*accepted {
		text = "none of these (" + text + ")"
	}
	return text
}
