package openapi

// What documents say of the runtime, in CommonMark. Each of these has its rule
// in package runtime; ARCHITECTURE.md tells where.
const (
	keyText = `Names this request: a text that the client makes up, new for each operation and the same for each
retry of it, with the same body. The operation runs once; who sends the key again gets the answer
that was stored. A key has 1 to 255 visible ASCII characters. The bare key and the same key as a
quoted string of structured fields (RFC 9651) are one.`

	requestText = `Members that the schema does not have are refused with 400, at every depth.`

	restText = `May have slashes, which are sent as they are: the rest of the path.`

	opaqueText = `What the operation answers: it chooses status, headers and body. What the server answers by itself
is a problem document.`

	replayedText = `Set to true when this is the stored answer to an earlier request with the same key.`

	cursorText = `The place of the last event that the operation has emitted. Who listens from there misses none
that comes later. Missing when it has emitted none.`

	retryText = `Seconds to wait before the same request, with the same key, is sent again.`

	problemText = `A problem document (RFC 9457).`

	problemTypeText = `Tells problems apart: about:blank, one that begins with urn:cnerium:problem:, or one of the
operation's own.`

	badRequestText = `The request is malformed, and its detail says where. Without a type of its own, or about the key:
urn:cnerium:problem:key-missing or urn:cnerium:problem:key-invalid.`

	conflictText = `Something with the key, told apart by the type of the problem; or a conflict that the operation
reports.`

	keyReusedText = `The key was used with another body, query or path. Not to be sent again: a new request needs a
new key.`

	inFlightText = `The first request with this key is still running. Send the same again after Retry-After.`

	outcomeUnknownText = `The first request with this key ended without an outcome. The key is held until somebody has
found out what became of it.`

	otherConflictText = `What the operation itself has answered.`

	tooLargeText = `The body is larger than the operation takes.`

	unsupportedText = `The body is not application/json.`

	unprocessableText = `The input is well-formed and was refused; or, where the server is set up so,
urn:cnerium:problem:key-reused: the key was used with another body, query or path.`

	unavailableText = `The server cannot take the request now, or could not store its outcome: send the same again after
Retry-After.`

	otherText = `Every other answer that is not a success, of the operation or of the server. One below 500 is
stored, except for 408, 425 and 429: a retry gets it again. After 408, 425, 429 and from 500 on the
same request may be sent again, with the same key; but not after urn:cnerium:problem:outcome-unknown,
where nobody knows whether it took effect, nor after urn:cnerium:problem:response-too-large.`
)

// The same of the events. The rules are in packages runtime/ws and runtime/sse.
const (
	envelopeText = `A CloudEvents 1.0 object with the extensions room and cursor.`

	eventIDText = `With the source it names the event; a repetition has the same.`

	eventSourceText = `urn:cnerium:operation: and the operation that has emitted the event.`

	eventRoomText = `Whom the event is for; missing when it is for everybody.`

	eventCursorText = `Opaque. Who comes back with it gets what came later.`

	noticeText = `Says something about the connection itself.`

	wishText = `Joins or leaves rooms.`

	recoveredText = `Only for who came with a cursor: with true everything after it follows; with false it is not
known any more, and the client has to fetch anew what it shows.`

	roomsText = `The rooms to join, a parameter for each.`

	lastEventText = `The cursor of the latest message that the client has. A client that can set headers may send
it as Last-Event-ID.`

	webSocketText = `One JSON object in each text message; one with the member notice is about the connection, any
other is an event. The first message is the notice welcome. The address is the application's choice.`

	sseText = `An event is a message of the default type, with its cursor as id. A notice has its name as type.
The first message is the notice welcome. The address is the application's choice.`
)
