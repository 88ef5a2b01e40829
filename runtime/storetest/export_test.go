package storetest

import "time"

// SetPatience sets how long the calls of a law may take.
func SetPatience(d time.Duration) { patience = d }
