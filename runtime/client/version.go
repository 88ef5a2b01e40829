package client

// UpdateRuntimeOrRunGoGenerateV1 is named by every generated client, so that
// it and this package fit together or do not compile. The constant is replaced
// by a V2 only when a generated client of the old kind can no longer work.
// "undefined: client.UpdateRuntimeOrRunGoGenerateV1" then means one of two
// things: the generator is newer than this package (run go get
// github.com/cnerium/cnerium-go@latest), or the client is older (run go
// generate).
const UpdateRuntimeOrRunGoGenerateV1 = true
