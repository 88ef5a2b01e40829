package generator

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/testdata/wire"
)

// constantsOfWire are the values of the types that have constants: those
// constants, exported or not, and the zero value.
var constantsOfWire = map[reflect.Type][]any{
	reflect.TypeFor[wire.State](): {wire.Open, wire.Closed, wire.Losing(), wire.State("")},
	reflect.TypeFor[wire.Level](): {wire.Low, wire.Middle, wire.High},
	reflect.TypeFor[wire.Tempo](): {wire.Slow, wire.Fast, wire.Tempo(0)},
}

// fillRandom makes a random value of any type, as deep as a test can bear.
func fillRandom(v reflect.Value, random *rand.Rand, depth int) {
	if made := randomKnown(v.Type(), random); made != nil {
		v.Set(reflect.ValueOf(made))
		return
	}
	short := func(limit int) int { return random.IntN(max(1, limit-depth)) }
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(random.Uint64()>>random.IntN(64)) >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(random.Uint64() >> random.IntN(64) >> (64 - v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(float32(random.NormFloat64() * []float64{0, 1, 1e-9, 1e22}[random.IntN(4)])))
	case reflect.String:
		v.SetString([]string{"", "a", "größe <&>", "line\nbreak\x00", "\xff", "12"}[random.IntN(6)])
	case reflect.Pointer:
		if short(5) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fillRandom(v.Elem(), random, depth+1)
		}
	case reflect.Slice:
		if random.IntN(3) > 0 {
			v.Set(reflect.MakeSlice(v.Type(), short(4), 4))
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fillRandom(v.Index(i), random, depth+1)
		}
	case reflect.Map:
		fillMap(v, random, short(4), depth)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() || v.Type().Field(i).Anonymous && f.Kind() == reflect.Struct {
				fillRandom(f, random, depth+1)
			}
		}
	}
}

func fillMap(v reflect.Value, random *rand.Rand, size, depth int) {
	if random.IntN(3) > 0 {
		v.Set(reflect.MakeMap(v.Type()))
		for range size {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fillRandom(key, random, depth+1)
			fillRandom(elem, random, depth+1)
			v.SetMapIndex(key, elem)
		}
	}
}

// randomKnown makes a value of a type that not every value of its parts is one
// of; nil for others, and sometimes for those that can be nil.
func randomKnown(t reflect.Type, random *rand.Rand) any {
	if constants := constantsOfWire[t]; constants != nil {
		return constants[random.IntN(len(constants))]
	}
	big1 := new(big.Int).Lsh(big.NewInt(random.Int64()-1<<62), uint(random.IntN(100)))
	addr := netip.AddrFrom4([4]byte{127, 0, 0, byte(random.IntN(256))})
	choose := func(values ...any) any { return values[random.IntN(len(values))] }
	switch t {
	case reflect.TypeFor[time.Time]():
		return choose(time.Time{}, time.Unix(random.Int64N(1<<37), random.Int64N(1e9)).UTC(),
			time.Unix(random.Int64N(1<<32), 0).In(time.FixedZone("", random.IntN(80000)/60*60-40000/60*60)))
	case reflect.TypeFor[json.RawMessage]():
		return choose(json.RawMessage(nil), json.RawMessage(`null`), json.RawMessage(`{"a":[1,true,"x"]}`))
	case reflect.TypeFor[json.Number]():
		return choose(json.Number(""), json.Number("-12.5e3"), json.Number(big1.String()))
	case reflect.TypeFor[big.Int]():
		return *big1
	case reflect.TypeFor[big.Float]():
		return *new(big.Float).SetInt(big1)
	case reflect.TypeFor[big.Rat]():
		return *new(big.Rat).SetFrac(big1, big.NewInt(random.Int64N(100)+1))
	case reflect.TypeFor[netip.Addr]():
		return choose(netip.Addr{}, addr)
	case reflect.TypeFor[any]():
		return choose(nil, 1, "x", []any{true}, map[string]any{"a": nil})
	case reflect.TypeFor[json.Marshaler]():
		return choose(nil, json.RawMessage(`[1]`))
	case reflect.TypeFor[encoding.TextMarshaler]():
		return choose(nil, addr)
	}
	return nil
}

// jsonMaker makes random JSON.
type jsonMaker struct{ *rand.Rand }

// value makes a value that fits a schema.
func (m jsonMaker) value(s *contract.Schema, depth int) any {
	if s.Nullable && (depth > 5 || m.IntN(3) == 0) {
		return nil
	}
	v := m.bare(s, depth)
	if s.Quoted {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return string(text)
	}
	return v
}

// key makes the key of a map.
func (m jsonMaker) key(s *contract.Schema) string {
	key := m.bare(s, 0)
	if raw, ok := key.(json.RawMessage); ok {
		return strings.Trim(string(raw), `"`)
	}
	return fmt.Sprint(key)
}

// bare is value without null and quotes.
func (m jsonMaker) bare(s *contract.Schema, depth int) any {
	switch s.Kind {
	case contract.Bool:
		return m.IntN(2) == 0
	case contract.Int:
		return m.Int64() >> m.IntN(64) * int64(1-2*m.IntN(2)) >> (64 - s.Bits)
	case contract.Uint:
		return m.Uint64() >> (64 - s.Bits)
	case contract.Float:
		return float32(m.NormFloat64())
	case contract.BigInt, contract.Number:
		return json.Number("123456789012345678901234567890")
	case contract.String:
		return []string{"", "größe", "<a>"}[m.IntN(3)]
	case contract.Text:
		return fmt.Sprintf("127.0.0.%d", m.IntN(256))
	case contract.Time:
		return time.Unix(m.Int64N(1<<37), m.Int64N(1e9))
	case contract.Bytes:
		return []byte("bytes")[:m.IntN(6)]
	case contract.Array:
		n := s.Len
		if n < 0 {
			n = m.IntN(max(1, 4-depth))
		}
		list := make([]any, n)
		for i := range list {
			list[i] = m.value(s.Elem, depth+1)
		}
		return list
	case contract.Map:
		members := make(map[string]any)
		for range m.IntN(max(1, 4-depth)) {
			members[m.key(s.Key)] = m.value(s.Elem, depth+1)
		}
		return members
	case contract.Object:
		members := make(map[string]any)
		for _, f := range s.Fields {
			if f.Required() || depth < 5 && m.IntN(2) == 0 {
				members[f.Name] = m.value(f.Schema, depth+1)
			}
		}
		return members
	case contract.Ref:
		if n := len(s.Type.Enum); n > 0 {
			return json.RawMessage(s.Type.Enum[m.IntN(n)].Value)
		}
		return m.bare(s.Type.Schema, depth)
	}
	return map[string]any{"any": nil}
}
