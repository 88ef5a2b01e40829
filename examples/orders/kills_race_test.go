//go:build race

package main

// shortKills is how often the campaign kills the shop. A process with the race
// detector takes four times as long to start.
const shortKills = 25
