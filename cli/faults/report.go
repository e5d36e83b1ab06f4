//go:build linux && amd64 && tensorflow

package main

import (
	"fmt"
	"io"
)

// report prints the table of the campaign. The error says how much went wrong.
func (c *campaign) report(w io.Writer) error {
	fmt.Fprintln(w, "| scenario | part | cases | wrong | note |\n|---|---|---|---|---|")
	cases, wrong := 0, 0
	for _, r := range c.rows {
		fmt.Fprintf(w, "| %s | %s | %d | %d | %s |\n", r.scenario, r.part, r.cases, r.wrong, r.note)
		cases, wrong = cases+r.cases, wrong+r.wrong
	}
	fmt.Fprintf(w, "| all | | %d | %d | seed %d |\n", cases, wrong, c.seed)
	if wrong > 0 {
		return fmt.Errorf("%d of %d cases went wrong", wrong, cases)
	}
	return nil
}
