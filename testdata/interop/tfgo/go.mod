module github.com/tfpair/tfpair/testdata/interop/tfgo

go 1.26.0

require (
	github.com/galeone/tensorflow/tensorflow/go v0.0.0-20240119075110-6ad3cf65adfe
	github.com/galeone/tfgo v0.0.0-20230715013254-16113111dc99
)

require google.golang.org/protobuf v1.28.1 // indirect
