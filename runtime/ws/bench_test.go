//go:build unix

package ws_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

type broadcaster interface {
	http.Handler
	Publish(ctx context.Context, events []cnerium.Event) error
}

func newHub(b *testing.B) broadcaster { return newSite(b, &ws.Options{PingInterval: time.Hour}).hub }

func newBare(channels bool) func(*testing.B) broadcaster {
	return func(*testing.B) broadcaster {
		return &bare{channels: channels, clients: make(map[*websocket.Conn]chan []byte)}
	}
}

var rivals = []struct {
	name string
	make func(*testing.B) broadcaster
}{
	{"hub", newHub},
	{"bare channels", newBare(true)},
	{"bare loop", newBare(false)},
}

// BenchmarkBroadcast publishes to 500 clients in another process. An operation
// is one event; at most half a queue of them is on its way to any client.
//
//	go test -run '^$' -bench Broadcast -benchtime 20000x ./runtime/ws
func BenchmarkBroadcast(b *testing.B) {
	const clients, window = 500, 512 / crowdStep
	for _, batch := range []int{1, crowdStep} {
		for _, rival := range rivals {
			b.Run(fmt.Sprintf("%s/batch=%d", rival.name, batch), func(b *testing.B) {
				hub := rival.make(b)
				server := httptest.NewServer(hub)
				defer server.CloseClientConnections()
				crowd := startCrowd(b, strings.TrimPrefix(server.URL, "http://"), clients)
				steps := (b.N + crowdStep - 1) / crowdStep
				var events []cnerium.Event
				for i := range crowdStep {
					events = append(events, sized(1_000_000+i, 200))
				}
				cpu := cpuTime(b)
				b.ResetTimer()
				for step := range steps {
					if step >= window {
						crowd.wait(b, "step")
					}
					for i := 0; i < crowdStep; i += batch {
						require.NoError(b, hub.Publish(b.Context(), events[i:i+batch]))
					}
				}
				for range min(steps, window) {
					crowd.wait(b, "step")
				}
				b.StopTimer()
				published := float64(steps * crowdStep)
				b.ReportMetric(published/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(published*clients/b.Elapsed().Seconds(), "deliveries/s")
				b.ReportMetric(float64(cpuTime(b)-cpu)/(published*clients), "cpu-ns/delivery")
			})
		}
	}
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkIdleConnection reports the memory of this process for one of 1,000
// connections that are idle.
//
//	go test -run '^$' -bench IdleConnection -benchtime 1x ./runtime/ws
func BenchmarkIdleConnection(b *testing.B) {
	const clients = 1000
	for _, rival := range rivals {
		b.Run(rival.name, func(b *testing.B) {
			server := httptest.NewServer(rival.make(b))
			defer server.CloseClientConnections()
			before := memory()
			startCrowd(b, strings.TrimPrefix(server.URL, "http://"), clients)
			b.ReportMetric(float64(memory()-before)/clients, "B/connection")
		})
	}
}

// memory is what the heap and the stacks have of this process.
func memory() int64 {
	runtime.GC()
	runtime.GC() // shrinks stacks, and empties pools
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() + samples[1].Value.Uint64())
}
