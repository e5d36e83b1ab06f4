// Command rules reads files of alert rules by Prometheus' own parser, as promtool check rules does, and says what
// is wrong in them.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	log, wrong := slog.New(slog.NewTextHandler(os.Stderr, nil)), false
	for _, path := range os.Args[1:] {
		groups, errs := rulefmt.ParseFile(path, false, model.UTF8Validation, parser.NewParser(parser.Options{}), log)
		for _, err := range errs {
			wrong = true
			fmt.Fprintln(os.Stderr, err)
		}
		if groups == nil {
			continue
		}
		for _, group := range groups.Groups {
			fmt.Println(group.Name, len(group.Rules))
		}
	}
	if wrong {
		os.Exit(1)
	}
}
