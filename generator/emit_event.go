package generator

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// eventFuncs are the functions that emit an event, each with an empty line
// behind it.
func (e *emitter) eventFuncs(event *EventModel) {
	all, room := eventFunctions(event)
	data := event.Named.Obj().Name()
	scope := e.scope.inner()
	in, to := scope.take("event"), scope.take("room")
	ctx := e.local.ctx + " " + e.imports.local["context"] + ".Context"
	kind := strconv.Quote(event.Type)

	e.comment(all + " announces the event " + event.Type + " to everybody who listens. See [" + e.runtime("Emit") + "].")
	e.open("func ", all, "(", ctx, ", ", in, " ", data, ") error {")
	e.line("return ", e.runtime("Emit"), "(", e.local.ctx, ", ", kind, ", &", in, ")")
	e.end("}")
	e.line()
	e.comment(room + " announces the event " + event.Type + " to those who listen to the room. See [" + e.runtime("EmitTo") + "].")
	e.open("func ", room, "(", ctx, ", ", to, " string, ", in, " ", data, ") error {")
	e.line("return ", e.runtime("EmitTo"), "(", e.local.ctx, ", ", to, ", ", kind, ", &", in, ")")
	e.end("}")
	e.line()
}

// commentWidth is where a person would begin a new line.
const commentWidth = 80

// comment writes a text in lines.
func (p *printer) comment(text string) {
	line := "//"
	for word := range strings.FieldsSeq(text) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > commentWidth && line != "//" {
			p.line(line)
			line = "//"
		}
		line += " " + word
	}
	p.line(line)
}
