// Package crashtest ends the process as C libraries do, for the tests of package crash: a test
// file cannot hold C.
package crashtest
