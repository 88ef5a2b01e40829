package openapi

import (
	"net/http"
	"slices"
	"strings"

	sv "github.com/sv-tools/openapi"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// operation returns what a document says of one. The wildcards of its path are
// called as the map says.
func (d *document) operation(op *contract.Operation, wildcards map[string]string) *sv.Extendable[sv.Operation] {
	o := &sv.Operation{
		OperationID: op.ID,
		Tags:        []string{d.tag(op)},
		Deprecated:  op.Deprecated != "",
		Parameters:  d.parameters(op, wildcards),
		Responses:   sv.NewExtendable(d.responses(op)),
	}
	o.Summary, o.Description = synopsis(op.Doc, op.Deprecated)
	if op.Host != "" {
		o.Servers = []*sv.Extendable[sv.Server]{server("//" + op.Host)}
	}
	if op.Body != nil {
		o.RequestBody = sv.NewRefOrExtSpec[sv.RequestBody](d.requestBody(op))
	}
	return sv.NewExtendable(o).AddExt("x-cnerium", guarantees(op))
}

// requestBody tells of an input what its schema does not.
func (d *document) requestBody(op *contract.Operation) *sv.RequestBody {
	var texts []string
	if op.InputDoc != "" && op.Body.Kind != contract.Ref { // else the type has it
		texts = append(texts, description(op.InputDoc, ""))
	}
	if op.Body.Kind != contract.Any { // else the input reads its JSON by itself
		texts = append(texts, requestText)
	}
	return &sv.RequestBody{
		Description: strings.Join(texts, "\n\n"),
		Required:    true, // the runtime refuses an empty body
		Content:     content("application/json", d.schemas.body(op.Body)),
	}
}

// guarantees is what OpenAPI has no words for, in those of the directive.
func guarantees(op *contract.Operation) map[string]any {
	return map[string]any{
		"transactional": op.Transactional,
		"recover":       op.Recover,
		"retention":     duration(op.Retention),
		"timeout":       duration(op.Timeout),
		"wait":          duration(op.Wait),
		"max-body":      op.MaxBody,
	}
}

// parameters begins with the key, which every operation needs.
func (d *document) parameters(op *contract.Operation, wildcards map[string]string) []*sv.RefOrSpec[sv.Extendable[sv.Parameter]] {
	all := []*sv.RefOrSpec[sv.Extendable[sv.Parameter]]{d.shared.key()}
	for _, p := range pathParams(op) {
		spec := &sv.Parameter{In: sv.InPath, Name: wildcards[p.Name], Required: true}
		all = append(all, d.parameter(spec, p))
	}
	for _, p := range op.Params {
		if p.In == contract.InPath || p.In == contract.InHeader && strings.EqualFold(p.Name, keyHeader) {
			continue
		}
		spec := &sv.Parameter{In: string(p.In), Name: p.Name, Required: p.Required}
		if p.Schema.Kind == contract.Array && p.In == contract.InQuery {
			explode := true // the parameter is repeated
			spec.Style, spec.Explode = sv.StyleForm, &explode
		}
		all = append(all, d.parameter(spec, p))
	}
	return all
}

// pathParams returns a parameter for each wildcard of the path, in its order,
// also for one that the handler asks the request for by itself.
func pathParams(op *contract.Operation) []*contract.Param {
	_, names := template(op.Path)
	all := make([]*contract.Param, len(names))
	for i, name := range names {
		at := slices.IndexFunc(op.Params, func(p *contract.Param) bool { return p.In == contract.InPath && p.Name == name })
		if at >= 0 {
			all[i] = op.Params[at]
			continue
		}
		all[i] = &contract.Param{
			Name:   name,
			Rest:   strings.Contains(op.Path, "{"+name+"...}"),
			Schema: &contract.Schema{Kind: contract.String},
		}
	}
	return all
}

func (d *document) parameter(spec *sv.Parameter, p *contract.Param) *sv.RefOrSpec[sv.Extendable[sv.Parameter]] {
	value := *p.Schema
	value.Nullable = false // a parameter is there or not
	spec.Schema = d.schemas.schema(&value)
	spec.Description = description(p.Doc, p.Deprecated)
	spec.Deprecated = p.Deprecated != ""
	if p.Rest {
		spec.Description = strings.TrimPrefix(spec.Description+"\n\n"+restText, "\n\n")
	}
	return sv.NewRefOrExtSpec[sv.Parameter](spec)
}

// responses lists what a client has to tell apart. Everything that any
// operation can answer is shared.
func (d *document) responses(op *contract.Operation) *sv.Responses {
	all := &sv.Responses{Response: map[string]*sv.RefOrSpec[sv.Extendable[sv.Response]]{
		status(http.StatusBadRequest):            d.shared.response(badRequest),
		status(http.StatusConflict):              d.shared.response(conflict),
		status(http.StatusRequestEntityTooLarge): d.shared.response(tooLarge),
		status(http.StatusUnprocessableEntity):   d.shared.response(unprocessable),
		status(http.StatusServiceUnavailable):    d.shared.response(unavailable),
	}}
	if op.Body != nil {
		all.Response[status(http.StatusUnsupportedMediaType)] = d.shared.response(unsupportedType)
	}
	if op.Opaque {
		all.Default = d.shared.response(opaque)
		return all
	}
	all.Default = d.shared.response(other)
	success := &sv.Response{
		Description: http.StatusText(op.Status),
		Headers:     d.shared.headers(replayedHeader, cursorHeader),
	}
	if op.Result != nil {
		success.Content = content("application/json", d.schemas.schema(result(op.Result)))
	}
	all.Response[status(op.Status)] = sv.NewRefOrExtSpec[sv.Response](success)
	return all
}

// result returns the schema of a result. It may be a pointer, which is nil only
// beside an error: what holds a struct is never null.
func result(s *contract.Schema) *contract.Schema {
	if s.Kind != contract.Object && (s.Kind != contract.Ref || s.Type.Schema.Kind != contract.Object) {
		return s
	}
	there := *s
	there.Nullable = false
	return &there
}

// content is a body of one kind.
func content(mediaType string, schema schemaRef) map[string]*sv.Extendable[sv.MediaType] {
	return map[string]*sv.Extendable[sv.MediaType]{mediaType: sv.NewExtendable(&sv.MediaType{Schema: schema})}
}
