package variable

import (
	"strings"
	"testing"

	tg "github.com/galeone/tfgo"
)

func TestReuse(t *testing.T) {
	kernel := []int64{3, 4}
	for _, c := range []struct {
		name string
		use  func(s *Set)
		want string // in the scope's error, "" for none
	}{
		{"twice", func(s *Set) { s.Create("kernel", kernel, Zeros) }, `variable "tower/kernel" exists already`},
		{"again", func(s *Set) { s.Reuse().Create("kernel", kernel, Zeros) }, ""},
		{"unknown", func(s *Set) { s.Reuse().Create("bias", kernel, Zeros) }, `variable "tower/bias" to reuse does not exist`},
		{"shape", func(s *Set) { s.Reuse().Create("kernel", []int64{4, 3}, Zeros) }, "has shape [3 4], reused with [4 3]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := tg.NewRoot()
			set := NewSet(root, "")
			first := set.Sub("tower").Create("kernel", kernel, Zeros)
			c.use(set.Sub("tower"))
			if c.want != "" {
				if err := root.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("scope has error %v, want one with %q", err, c.want)
				}
				return
			}
			if err := root.Err(); err != nil {
				t.Fatal(err)
			}
			if all := set.All(); len(all) != 1 || all[0].Handle != first.Handle {
				t.Errorf("set holds %v, want one variable %v", all, first)
			}
		})
	}
}
