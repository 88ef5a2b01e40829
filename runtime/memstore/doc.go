// Package memstore keeps records and events in memory, for tests, examples
// and services that may forget them.
//
// It gives every guarantee of a [cnerium.Store] but one: nothing survives the
// end of the process. After a restart a retry runs its handler again. Use
// package sqlitestore where that matters.
//
// A store grows with what it keeps: committed responses until their retention
// is over and Sweep has run, reserved and unknown records without a limit.
// Events are kept as [Options] say; how many come between two sweeps, and
// until UnpublishedRetention is over, is not limited.
package memstore
