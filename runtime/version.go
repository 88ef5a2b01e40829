package cnerium

// UpdateRuntimeOrRunGoGenerateV1 is named by every generated file, so that
// generated code and runtime fit together or do not compile. The constant is
// replaced by a V2 only when a generated file of the old kind can no longer
// work. "undefined: cnerium.UpdateRuntimeOrRunGoGenerateV1" then means one of
// two things: the generator is newer than the runtime (run go get
// github.com/cnerium/cnerium-go@latest), or the file is older than the runtime
// (run go generate).
const UpdateRuntimeOrRunGoGenerateV1 = true
