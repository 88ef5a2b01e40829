//go:build !race

package main

// shortKills is how often the campaign kills the shop.
const shortKills = 100
