package generator

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// optionReaders read the values of options into the model; each returns what
// is wrong with the value, and a hint. Their names are the options there are.
var optionReaders = map[string]func(o *RouteOptions, value string) (fault, hint string){
	"status":    readStatus,
	"retention": readRetention,
	"wait":      readWait,
	"timeout":   readTimeout,
	"lease":     readLease,
	"recover":   readRecover,
	"max-body":  readMaxBody,
}

// optionNames are the names in the order of the manual.
var optionNames = []string{"status", "retention", "wait", "timeout", "lease", "recover", "max-body"}

// readOptions reads the options of a directive.
func readOptions(src *source, options []option) (RouteOptions, []Diagnostic) {
	var o RouteOptions
	var found []Diagnostic
	seen := make(map[string]bool)
	for _, opt := range options {
		read, ok := optionReaders[opt.name.text]
		switch {
		case !ok:
			found = append(found, unknownOption(src, opt.name))
			continue
		case seen[opt.name.text]:
			message := fmt.Sprintf("option %s is given twice", opt.name.text)
			found = append(found, src.diagnose(opt.name.pos, CategoryOption, message, "keep one of them"))
			continue
		}
		seen[opt.name.text] = true
		if fault, hint := read(&o, opt.value.text); fault != "" {
			message := fmt.Sprintf("%s=%s: %s", opt.name.text, opt.value.text, fault)
			found = append(found, src.diagnose(opt.value.pos, CategoryOptionValue, message, hint))
		}
	}
	return o, found
}

func unknownOption(src *source, name word) Diagnostic {
	hint := "the options are status, retention, wait, timeout, lease, recover and max-body"
	if near := nearest(name.text, optionNames); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return src.diagnose(name.pos, CategoryOption, fmt.Sprintf("unknown option %s", name.text), hint)
}

func readStatus(o *RouteOptions, value string) (string, string) {
	status, err := strconv.Atoi(value)
	if err != nil || len(value) != 3 {
		return "not a status", "write a number from 200 to 299, such as 201"
	}
	if status < 200 || status > 299 {
		return "the status of a success is from 200 to 299", "return a *cnerium.Error for a failure, or a *cnerium.Response for anything else"
	}
	o.Status = &status
	return "", ""
}

func readRetention(o *RouteOptions, value string) (string, string) {
	d, fault, hint := readDuration(value, "72h")
	if fault == "" && d <= 0 {
		return "must be greater than zero", ""
	}
	o.Retention = &d
	return fault, hint
}

func readWait(o *RouteOptions, value string) (string, string) {
	d, fault, hint := readDuration(value, "5s")
	if fault == "" && d < 0 {
		return "must not be negative", "wait=0s does not wait at all"
	}
	o.Wait = &d
	return fault, hint
}

func readTimeout(o *RouteOptions, value string) (string, string) {
	d, fault, hint := readDuration(value, "30s")
	if fault == "" && d <= 0 {
		return "must be greater than zero", ""
	}
	o.Timeout = &d
	return fault, hint
}

func readLease(o *RouteOptions, value string) (string, string) {
	d, fault, hint := readDuration(value, "30s")
	if fault == "" && d < time.Second {
		return "must be at least 1s", "a lease is renewed while the handler runs, and renewing costs a write"
	}
	o.Lease = &d
	return fault, hint
}

func readDuration(value, example string) (time.Duration, string, string) {
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, "not a duration", fmt.Sprintf("write a number with a unit, such as %s; the units are h, m, s and ms", example)
	}
	return d, "", ""
}

func readRecover(o *RouteOptions, value string) (string, string) {
	if value != "hold" && value != "rerun" {
		hint := "hold asks an operator what became of the handler; rerun runs it again"
		if near := nearest(value, []string{"hold", "rerun"}); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		return "must be hold or rerun", hint
	}
	o.Recover = value
	return "", ""
}

var sizeForm = regexp.MustCompile(`^(-?[0-9]+)([A-Za-z]*)$`)

// sizeUnits are the units of max-body, in bytes.
var sizeUnits = map[string]int64{
	"": 1, "B": 1,
	"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
}

func readMaxBody(o *RouteOptions, value string) (string, string) {
	const hint = "write bytes, such as 4096, 512KiB, 1MiB or 1MB"
	match := sizeForm.FindStringSubmatch(value)
	if match == nil {
		return "not a size", hint
	}
	unit, ok := sizeUnits[match[2]]
	n, err := strconv.ParseInt(match[1], 10, 64)
	switch {
	case !ok:
		return fmt.Sprintf("unknown unit %s", match[2]), hint
	case err != nil || n > 1<<62/unit:
		return "too large", hint
	case n <= 0:
		return "must be greater than zero", ""
	}
	size := n * unit
	o.MaxBody = &size
	return "", ""
}

// checkStatus refuses a status that does not fit what the handler returns.
func checkStatus(src *source, d directive, o RouteOptions, result ResultKind) []Diagnostic {
	if o.Status == nil {
		return nil
	}
	for _, opt := range d.options {
		if opt.name.text != "status" {
			continue
		}
		switch {
		case result == ResultResponse:
			message := fmt.Sprintf("status has no effect: %s returns a *cnerium.Response, which has its own", d.decl.Name.Name)
			return []Diagnostic{src.diagnose(opt.name.pos, CategoryOption, message, "remove it, and set Response.Status")}
		case result == ResultValue && (*o.Status == 204 || *o.Status == 205):
			message := fmt.Sprintf("status=%d: such an answer has no body, but %s returns a value", *o.Status, d.decl.Name.Name)
			return []Diagnostic{src.diagnose(opt.value.pos, CategoryOptionValue, message, "return only an error, or choose another status")}
		}
	}
	return nil
}
