package pgtest

import "fmt"

// Side says who sends a message.
type Side int

// The two sides of a connection.
const (
	Client Side = iota
	Backend
)

// String returns the side's name in lower case.
func (s Side) String() string {
	if s == Client {
		return "client"
	}
	return "backend"
}

// Step is one message that passed a [Proxy].
type Step struct {
	Side Side
	Kind byte // of the protocol: 'P' from the client is Parse, 'D' from the backend DataRow
}

// String returns the side and the name of the message.
func (s Step) String() string {
	names := clientKinds
	if s.Side == Backend {
		names = backendKinds
	}
	name := names[s.Kind]
	if name == "" {
		name = fmt.Sprintf("%q", s.Kind)
	}
	return s.Side.String() + " " + name
}

var clientKinds = map[byte]string{
	'B': "Bind", 'C': "Close", 'D': "Describe", 'E': "Execute", 'F': "FunctionCall", 'H': "Flush", 'P': "Parse",
	'Q': "Query", 'S': "Sync", 'X': "Terminate", 'c': "CopyDone", 'd': "CopyData", 'f': "CopyFail",
}

var backendKinds = map[byte]string{
	'1': "ParseComplete", '2': "BindComplete", '3': "CloseComplete", 'A': "NotificationResponse", 'C': "CommandComplete",
	'D': "DataRow", 'E': "ErrorResponse", 'G': "CopyInResponse", 'H': "CopyOutResponse", 'I': "EmptyQueryResponse",
	'N': "NoticeResponse", 'S': "ParameterStatus", 'T': "RowDescription", 'Z': "ReadyForQuery", 'c': "CopyDone",
	'd': "CopyData", 'n': "NoData", 's': "PortalSuspended", 't': "ParameterDescription",
}

// Point is a place in the messages of an operation at which a [Proxy] does
// something to the connection.
type Point struct {
	Side Side
	N    int  // the n-th message of that side, from 1
	Sent bool // the message is passed on first

	// Hang keeps the connection open but lets nothing more pass, in either
	// direction, until [Proxy.Release]. Otherwise the connection is cut: the
	// client sees it end at once, and the backend when it has handled what it
	// got.
	Hang bool
}

// String describes the point for a test's name.
func (p Point) String() string {
	when, what := "before", "cut"
	if p.Sent {
		when = "after"
	}
	if p.Hang {
		what = "hang"
	}
	return fmt.Sprintf("%s %s %s message %d", what, when, p.Side, p.N)
}

// Points returns each place at which the connection of an operation with these
// steps can be cut: before and after every message of either side.
func Points(steps []Step) []Point {
	var points []Point
	counts := map[Side]int{}
	for _, step := range steps {
		counts[step.Side]++
		points = append(points,
			Point{Side: step.Side, N: counts[step.Side]},
			Point{Side: step.Side, N: counts[step.Side], Sent: true})
	}
	return points
}
