package main

import "testing"

// TestLibraryVersion: a release candidate has a hyphen in the library and none in lists of pip.
func TestLibraryVersion(t *testing.T) {
	for _, tt := range []struct{ version, want string }{ // "" where it is refused
		{"2.20.0", "2.20.0"},
		{"2.22.0rc0", "2.22.0-rc0"},
		{"2.22.0-rc1", "2.22.0-rc1"},
		{"", ""}, {"2.20", ""}, {"2.20.0.post1", ""}, {"2.20.0rc", ""}, {"v2.20.0", ""}, {"2.20.0; rm", ""},
	} {
		got, err := libraryVersion(tt.version)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("libraryVersion(%q) = %q, %v, want %q", tt.version, got, err, tt.want)
		}
	}
}
