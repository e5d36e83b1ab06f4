package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// steadyState is what a service did at 80 % of what it can do.
type steadyState struct {
	answers
	Seconds  float64            `json:"seconds"`
	PerSec   float64            `json:"requests_per_second"`
	LeftOut  int                `json:"left_out"`      // requests that were not sent: the sender had no core
	Others   float64            `json:"others_share"`  // of the machine's cores that other programs had
	Rejected map[string]float64 `json:"rejected"`      // 429s by what was full
	Third    held               `json:"after_a_third"` // of the time
	AtTheEnd held               `json:"at_the_end"`
}

// held is what a service holds.
type held struct {
	MiB         float64 `json:"resident_mib"`
	HeapMiB     float64 `json:"go_heap_mib"` // of that, objects and garbage of Go
	Goroutines  float64 `json:"goroutines"`
	Descriptors float64 `json:"descriptors"`
}

func (b serveBench) steady(ctx context.Context) error {
	x, err := row(b.options, b.results, "steady", func() (steadyState, error) { return b.steadily(ctx) })
	if err != nil {
		return err
	}
	fmt.Fprintf(b.options.out, "%.0f s at %.0f requests a second: %v %v, lost %d, %d not sent, other programs had %.0f %% of the cores; after a third %+v, at the end %+v\n",
		x.Seconds, x.PerSec, x.Status, x.Rejected, x.Lost, x.LeftOut, 100*x.Others, x.Third, x.AtTheEnd)
	return nil
}

// steadily has clients send, as fast as 80 % of what came back in 10 s, for options.load.
func (b serveBench) steadily(ctx context.Context) (x steadyState, err error) {
	s, err := startService(ctx, b.options.tfpair, b.program)
	if err != nil {
		return x, err
	}
	defer s.kill()
	c := s.client(nil)
	x.Seconds = b.options.load.Seconds()
	const probe = 10 * time.Second
	short, cancel := context.WithTimeout(ctx, probe)
	var first, t tally
	closedLoop(short, c, b.small, 4, &first)
	cancel()
	x.PerSec = 0.8 * float64(first.Status["200"]) / probe.Seconds()
	began, all, ours := time.Now(), machineTime(), s.processor()+ownTime()
	for i, share := range []time.Duration{b.options.load / 3, b.options.load - b.options.load/3} {
		loading, cancel := context.WithTimeout(ctx, share)
		x.LeftOut += openLoop(loading, c, b.small, x.PerSec, &t)
		cancel()
		now, rejected, err := s.holds(ctx)
		if err != nil {
			return x, err
		}
		if x.AtTheEnd, x.Rejected = now, rejected; i == 0 {
			x.Third = now
		}
	}
	others := machineTime() - all - (s.processor() + ownTime() - ours)
	x.Others = max(0, others) / (time.Since(began).Seconds() * float64(runtime.NumCPU()))
	x.answers = t.finish()
	return x, s.stop()
}

// holds returns what the service holds now, and how many requests it has refused until now, by the reason.
func (s *served) holds(ctx context.Context) (held, map[string]float64, error) {
	values, err := s.metrics(ctx)
	rejected := map[string]float64{}
	for name, value := range values {
		if reason, ok := strings.CutPrefix(name, `tfpair_rejected_total{reason="`); ok {
			rejected[strings.TrimSuffix(reason, `"}`)] = value
		}
	}
	return held{values["process_resident_memory_bytes"] / (1 << 20), values["go_memstats_heap_inuse_bytes"] / (1 << 20),
		values["go_goroutines"], values["process_open_fds"]}, rejected, err
}

// machineTime returns the seconds that the cores have had work, of all programs (Linux), 0 where that is not to be had.
func machineTime() float64 {
	const perSecond = 100 // proc(5): USER_HZ
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	var user, nice, system, idle, wait, hard, soft, stolen float64
	if _, err := fmt.Sscanf(string(text), "cpu %f %f %f %f %f %f %f %f", &user, &nice, &system, &idle, &wait, &hard, &soft, &stolen); err != nil {
		return 0
	}
	return (user + nice + system + hard + soft + stolen) / perSecond
}
