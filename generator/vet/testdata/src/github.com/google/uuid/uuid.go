// Package uuid stands for the library of that name.
package uuid

type UUID [16]byte

func (u UUID) String() string { return "" }

func New() UUID                            { return UUID{} }
func NewString() string                    { return "" }
func NewSHA1(space UUID, data []byte) UUID { return UUID{} }
