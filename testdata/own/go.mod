module example.com/own

go 1.26

require github.com/tfpair/tfpair v0.0.0
