package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/tfpair/tfpair/runner/serve/client"
)

// sent is how many requests a sender had answered.
type sent struct {
	summary
	Answered int `json:"answered"`
	Refused  int `json:"refused"` // 429 and others: answers, too
}

// send sends requests of batch pictures to a model of a service, from clients at the same time, until the input ends.
func send(ctx context.Context, address, model string, numbers ...string) (s sent, err error) {
	var size, batch, clients int
	for i, into := range []*int{&size, &batch, &clients} {
		if *into, err = strconv.Atoi(numbers[i]); err != nil {
			return s, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	c := &client.Client{Address: address, Model: model,
		HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: time.Minute}}
	pixels := make([]uint8, batch*size*size*3)
	var all sync.WaitGroup
	var counted sync.Mutex
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				_, err := c.EmbedPixels(ctx, size, pixels)
				counted.Lock()
				if err == nil {
					s.Answered++
				} else if ctx.Err() == nil {
					s.Refused++
				}
				counted.Unlock()
			}
		})
	}
	all.Wait()
	if s.Answered == 0 {
		return s, fmt.Errorf("%s answered none of %d requests", address, s.Refused)
	}
	return s, nil
}
