package cnerium_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"
)

const (
	shortKills = 100
	longKills  = 1000 // with -cnerium.long
	namedShare = 3    // of so many kills out of four the step is named, the others come at random

	// campaignStall is how long a campaign may make no progress at all.
	campaignStall = time.Minute
)

// death is how one process of the campaign ends.
type death struct {
	step    step  // zero for a kill from outside
	count   int64 // at which time it comes to the step
	answers int   // after how many answers the kill from outside comes
}

// deaths plans a campaign: every step equally often, and the rest at random.
func deaths(random *rand.Rand, kills int) []death {
	var plan []death
	steps := allSteps()
	for len(plan)+len(steps) <= kills*namedShare/4 {
		for _, s := range steps {
			plan = append(plan, death{step: s, count: 1 + random.Int64N(3)})
		}
	}
	for len(plan) < kills {
		plan = append(plan, death{answers: 1 + random.IntN(40)})
	}
	random.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	return plan
}

// TestKilledAtAnyStepNothingIsLostOrDoubled kills a shop, again and again on
// the same files, at every named step of the path and at random, while
// clients retry until they have an answer. Then it compares what the clients
// were told with what the files hold. 100 kills; 1,000 with -cnerium.long.
func TestKilledAtAnyStepNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	kills, seed := shortKills, rand.Uint64()
	switch {
	case *long:
		kills = longKills
	case raced.On:
		kills /= 2 // which are all steps once, and then at random
	}
	t.Logf("%d kills, seed %d", kills, seed)
	config := newShopConfig(t)
	config.Wait = 250 * time.Millisecond
	config.Published = filepath.Join(filepath.Dir(config.File), "published")

	load := newLoad()
	clients := load.start(4)
	reached := campaign(t, config, load, deaths(rand.New(rand.NewPCG(seed, 0)), kills))
	for _, s := range allSteps() {
		require.Positive(t, reached[s], "no process was killed at %v", s)
	}

	last := startShop(t, config)
	load.moveTo(last.url)
	close(load.enough)
	clients.Wait()
	require.Empty(t, load.wrong(), "seed %d", seed)
	a := newAudit(t, config, last, load.settled())
	a.all()
	last.stop(t)
	a.published()
	t.Logf("%d keys, %d answers, kills by step: %v", len(a.keys), load.answered, reached)
}

// campaign runs one process for each death, and returns how often each step
// was reached; the zero step counts the kills from outside.
func campaign(t *testing.T, config shopConfig, load *load, plan []death) map[step]int {
	t.Helper()
	reached := map[step]int{}
	next := spawnShop(t)
	for _, d := range plan {
		p := next
		config.Step, config.Count = d.step, d.count
		p.open(t, config)
		answers := load.moveTo(p.url)
		next = spawnShop(t) // it comes up while the other one works
		if d.step == (step{}) {
			awaitAnswers(t, p, answers, d.answers)
			p.kill()
		}
		select {
		case <-p.died:
		case <-time.After(campaignStall):
			require.FailNow(t, "not reached", "%v", d.step)
		}
		require.Error(t, p.exit)
		require.Equal(t, d.step != (step{}), p.reached, "%v: %v", d.step, p.exit)
		require.Empty(t, load.wrong())
		reached[d.step]++
	}
	next.kill()
	return reached
}

// awaitAnswers waits until the process has given so many.
func awaitAnswers(t *testing.T, p *shopProcess, answers <-chan struct{}, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), campaignStall)
	defer cancel()
	for range n {
		select {
		case <-answers:
		case <-p.died:
			require.FailNow(t, "the process ended by itself", "%v", p.exit)
		case <-ctx.Done():
			require.FailNow(t, "no answers")
		}
	}
}
