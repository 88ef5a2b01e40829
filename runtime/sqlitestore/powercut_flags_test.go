package sqlitestore_test

import "flag"

// long makes the campaigns of this package run at full length, as before a
// release: go test ./runtime/sqlitestore -cnerium.long -timeout 120m.
var long = flag.Bool("cnerium.long", false, "run the campaigns at full length")

// seed repeats one workload of a power cut campaign, with all its images.
var seed = flag.Uint64("cnerium.seed", 0, "run only the workload of this seed, as a failure has printed it")
