package faultproxy

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
)

// Fault is what happens to one request.
type Fault int

// The faults. The zero value is none.
const (
	None          Fault = iota
	DropRequest         // the request is lost, and its connection ends
	CutRequest          // half of the request reaches the server
	DropResponse        // the request is carried out, and the answer is lost
	CutResponse         // half of the answer reaches the client
	Hang                // the request is carried out, and nothing comes until the client gives up
	Slow                // the answer comes in small pieces
	Duplicate           // the request is delivered twice at the same time
	LateDuplicate       // the request is delivered again after its answer
)

// Faults are all of them but None.
func Faults() []Fault {
	return []Fault{DropRequest, CutRequest, DropResponse, CutResponse, Hang, Slow, Duplicate, LateDuplicate}
}

// String returns the name of a fault.
func (f Fault) String() string {
	names := []string{"none", "drop request", "cut request", "drop response", "cut response", "hang", "slow", "duplicate", "late duplicate"}
	if f < 0 || int(f) >= len(names) {
		return "fault " + strconv.Itoa(int(f))
	}
	return names[f]
}

// Random returns a choice for [New]: so many requests of one, from 0 to 1, have
// a fault, and each fault is as frequent as the others. The same seed gives the
// same faults for the same order of requests.
func Random(seed uint64, share float64) func(*http.Request) Fault {
	random := rand.New(rand.NewPCG(seed, seed))
	var mu sync.Mutex
	return func(*http.Request) Fault {
		mu.Lock()
		defer mu.Unlock()
		if random.Float64() >= share {
			return None
		}
		faults := Faults()
		return faults[random.IntN(len(faults))]
	}
}
