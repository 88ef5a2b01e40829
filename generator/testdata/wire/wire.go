// Package wire has types of all the forms that encoding/json knows, for a test
// that holds what they are marshalled to against their description.
package wire

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"math/big"
	"net/netip"
	"net/url"
	"time"
)

// Scalars are what JSON has no parts of.
type Scalars struct {
	Bool    bool    `json:"bool"`
	Int     int     `json:"int"`
	Int8    int8    `json:"int8"`
	Int16   int16   `json:"int16"`
	Int32   int32   `json:"int32"`
	Int64   int64   `json:"int64"`
	Uint    uint    `json:"uint"`
	Uint8   uint8   `json:"uint8"`
	Uint16  uint16  `json:"uint16"`
	Uint32  uint32  `json:"uint32"`
	Uint64  uint64  `json:"uint64"`
	Uintptr uintptr `json:"uintptr"`
	Float32 float32 `json:"float32"`
	Float64 float64 `json:"float64"`
	String  string  `json:"string"`
	Größe   string  // a name that is not ASCII
	Odd     string  `json:"a/b~c %d"`
	ID      ID      `json:"id"`
	State   State   `json:"state"`
	Level   Level   `json:"level"`
	Tempo   Tempo   `json:"tempo"`
	Switch  Switch  `json:"switch"`
	Mode    Mode    `json:"mode"`
}

// ID is a text.
type ID string

// State is one of some texts.
type State string

// The states.
const (
	Open   State = "open"
	Closed State = "<closed>"
	Ended        = Closed
	lost   State = "lost"
)

// Losing is a state that others cannot name.
func Losing() State { return lost }

// Level is one of some numbers.
type Level int8

// The levels.
const (
	Low Level = iota - 1
	Middle
	High
)

// Tempo is one of some numbers, of which none is zero.
type Tempo uint8

// The tempos.
const (
	Slow Tempo = iota + 1
	Fast
)

// Switch is on or off.
type Switch bool

// On is what a switch is mostly.
const On Switch = true

// Mode has bits.
type Mode uint8

// The bits.
const (
	Read Mode = 1 << iota
	Write
)

// Known are types of the standard library.
type Known struct {
	Time     time.Time       `json:"time"`
	Duration time.Duration   `json:"duration"`
	Month    time.Month      `json:"month"`
	Raw      json.RawMessage `json:"raw,omitempty"`
	Number   json.Number     `json:"number"`
	Int      *big.Int        `json:"bigInt"`
	Value    big.Int         `json:"bigValue"`
	Float    *big.Float      `json:"bigFloat"`
	Rat      *big.Rat        `json:"bigRat"`
	Addr     netip.Addr      `json:"addr"`
	Values   url.Values      `json:"values"`
	Any      any             `json:"any"`

	Marshaler json.Marshaler         `json:"marshaler"`
	Text      encoding.TextMarshaler `json:"text"`
}

// Options has all options of tags.
type Options struct {
	Empty   string           `json:"empty,omitempty"`
	Zero    time.Time        `json:"zero,omitzero"`
	Struct  struct{ A int }  `json:"struct,omitempty"`
	Pointer *int             `json:"pointer,omitempty"`
	Slice   []string         `json:"slice,omitempty"`
	Nil     []string         `json:"nil,omitzero"`
	Kept    Kept             `json:"kept,omitzero"`
	Map     map[string]int   `json:"map,omitempty"`
	Deep    **int            `json:"deep,omitempty"`
	Inner   *[]int           `json:"inner,omitempty"`
	Array   [2]int           `json:"array,omitempty"`
	None    [0]int           `json:"none,omitempty"`
	Face    any              `json:"face,omitempty"`
	Left    chan int         `json:"-"`
	Dash    int              `json:"-,"`
	Number  int64            `json:"number,string"`
	Float   *float64         `json:"float,string"`
	Bool    bool             `json:"bool,string,omitempty"`
	Quoted  string           `json:"quoted,string"`
	State   State            `json:"state,string"`
	Level   *Level           `json:"level,omitempty,string"`
	List    []int            `json:"list,string"`
	Word    Word             `json:"word,string"`
	Exact   json.Number      `json:"exact,string"`
	Tempo   Tempo            `json:"tempo,string"`
	Lengths map[string]Level `json:"lengths"`
	private int
}

// Kept says that it is never zero.
type Kept []int

// IsZero is what omitzero asks.
func (Kept) IsZero() bool { return false }

// Word is written in its own way.
type Word string

// MarshalText writes the word.
func (w Word) MarshalText() ([]byte, error) { return []byte("word " + string(w)), nil }

// Lists are what has elements.
type Lists struct {
	Slice   []Line
	Pointer []*Line
	Bytes   []byte
	Blob    Blob
	Octets  []Octet
	Array   [3]byte
	Grid    [2][2]*Level
	Strings map[string]Line
	Ints    map[int16]Line
	Uints   map[uint8][]Line
	States  map[State]int
	Levels  map[Level]int
	Tempos  map[Tempo]int
	Words   map[Word]Word
	Addrs   map[netip.Addr]int
	Octet   map[Octet]Octet
	Orders  Orders
	Index   Index
	Nested  map[string]map[string][]map[int]string
	Pages   []Page[Line]
	Pair    Pair[ID, *Page[Pair[int, State]]]
	Inline  []struct{ A, B int }
	Nothing struct{}
}

// Line is a part.
type Line struct{ Count int }

// Blob is bytes.
type Blob []byte

// Octet is a byte that writes itself.
type Octet byte

// MarshalText writes the octet.
func (o Octet) MarshalText() ([]byte, error) { return []byte{'o', 'a' + byte(o)%26}, nil }

// Orders are lines.
type Orders []Line

// Index leads to itself.
type Index map[string]Index

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	Next  *Page[T] `json:",omitempty"`
}

// Pair is two things.
type Pair[A, B any] struct {
	First  A
	Second B
}

// Tree leads to itself.
type Tree struct {
	Value       int
	Left, Right *Tree
	Children    []Tree
	Named       map[string]*Tree `json:",omitempty"`
}

// Methods are types with methods, where they can be called and where not.
type Methods struct {
	Value    ByValue
	Pointer  ByPointer
	Values   []ByValue
	Pointers []ByPointer
	Fixed    [2]ByPointer
	Map      map[string]ByPointer
	Ref      *ByPointer
	JSON     ByJSON
	JSONs    []ByJSON
	Nested   *Nested
	ByCopy   Nested
	Checked  Checked
}

// Nested has a part with a method of its pointer.
type Nested struct{ Inner ByPointer }

// ByValue writes itself.
type ByValue struct{ N int }

// MarshalText writes the value.
func (v ByValue) MarshalText() ([]byte, error) { return []byte{'a' + byte(v.N)%26}, nil }

// ByPointer writes itself where it can be reached.
type ByPointer struct{ N int }

// MarshalText writes the value.
func (v *ByPointer) MarshalText() ([]byte, error) { return []byte{'a' + byte(v.N)%26}, nil }

// ByJSON writes any JSON where it can be reached.
type ByJSON struct{ N int }

// MarshalJSON writes the value.
func (v *ByJSON) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{v.N, nil, map[string]int{"n": v.N}}[byte(v.N)%3])
}

// Checked is a text that is trimmed when it is read.
type Checked string

// UnmarshalText trims the text.
func (c *Checked) UnmarshalText(text []byte) error {
	*c = Checked(bytes.TrimSpace(text))
	return nil
}

// Embedding has embedded parts of all kinds.
type Embedding struct {
	Base
	*Extra
	hidden
	Tagged `json:"tagged"`
	First
	Second
	ID
	Line
	Count string // hides that of the line
	Only  `json:"-"`
}

// Base is embedded.
type Base struct {
	Name string `json:"name"`
	Deep
}

// Deep is embedded in what is embedded.
type Deep struct {
	Depth int
	Name  string // is hidden
}

// Extra is embedded by its pointer.
type Extra struct {
	Note  string
	Notes *string
	Inner ByPointer
}

type hidden struct {
	Shown  int
	secret int
}

// Tagged has a name.
type Tagged struct{ A int }

// First and Second hide a field of each other.
type First struct {
	Both int
	One  int
}

// Second is the other one.
type Second struct {
	Both int
	Two  int `json:"two"`
}

// Only is left out.
type Only struct{ A int }

// Stamped is a time with something that JSON does not see.
type Stamped struct {
	time.Time
	Zone string
}

// Scalar returns scalars.
//
//cnerium:durable POST /scalars wire.scalars
func Scalar(context.Context) (*Scalars, error) { return &Scalars{}, nil }

// Knows returns types of the standard library.
//
//cnerium:durable POST /known wire.known
func Knows(context.Context) (*Known, error) { return &Known{}, nil }

// KnowsCopy returns them without their pointer.
//
//cnerium:durable POST /known-copy wire.known_copy
func KnowsCopy(context.Context) (Known, error) { return Known{}, nil }

// Option returns what has options.
//
//cnerium:durable POST /options wire.options
func Option(context.Context) (Options, error) { return Options{private: 1}, nil }

// List returns lists.
//
//cnerium:durable POST /lists wire.lists
func List(context.Context) (*Lists, error) { return &Lists{}, nil }

// Grow returns a tree.
//
//cnerium:durable POST /tree wire.tree
func Grow(context.Context) (*Tree, error) { return &Tree{}, nil }

// Method returns what has methods.
//
//cnerium:durable POST /methods wire.methods
func Method(context.Context) (*Methods, error) { return &Methods{}, nil }

// MethodCopy returns what has methods that cannot be called.
//
//cnerium:durable POST /methods-copy wire.methods_copy
func MethodCopy(context.Context) (Methods, error) { return Methods{}, nil }

// Embed returns what embeds.
//
//cnerium:durable POST /embedding wire.embedding
func Embed(context.Context) (Embedding, error) { return Embedding{hidden: hidden{secret: 1}}, nil }

// Stamp returns times.
//
//cnerium:durable POST /stamped wire.stamped
func Stamp(context.Context) (map[State]*Stamped, error) { return nil, nil }

// Page returns generic types.
//
//cnerium:durable POST /pages wire.pages
func Paged(context.Context) ([]Page[Pair[State, *Line]], error) { return nil, nil }

// ReadScalars reads what it is called after.
//
//cnerium:durable POST /read/scalars wire.scalars.read
func ReadScalars(context.Context, Scalars) error { return nil }

// ReadOptions reads what it is called after.
//
//cnerium:durable POST /read/options wire.options.read
func ReadOptions(context.Context, Options) error { return nil }

// ReadLists reads what it is called after.
//
//cnerium:durable POST /read/lists wire.lists.read
func ReadLists(context.Context, Lists) error { return nil }

// ReadTree reads what it is called after.
//
//cnerium:durable POST /read/tree wire.tree.read
func ReadTree(context.Context, Tree) error { return nil }

// ReadMethods reads what it is called after.
//
//cnerium:durable POST /read/methods wire.methods.read
func ReadMethods(context.Context, Methods) error { return nil }
