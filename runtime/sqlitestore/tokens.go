package sqlitestore

// tokenBlock is how many fencing tokens a store draws at once.
const tokenBlock = 1 << 20

// tokens gives out fencing tokens without a write for each. They come in
// blocks with numbers that are drawn from the database, where each is drawn
// once, by whichever process. The zero value has none left.
type tokens struct {
	block int64
	used  int64
	drawn bool
}

const drawBlock = `UPDATE cnerium_meta SET token = token + 1 RETURNING token`

// scarce tells that the tokens may not do for another batch.
func (t *tokens) scarce() bool { return !t.drawn || t.used > tokenBlock-2*maxBatch }

// draw draws a block, which may be used once the transaction is committed.
func draw(q queries) (tokens, error) {
	drawn := tokens{drawn: true}
	err := q.row(drawBlock, nil, &drawn.block)
	return drawn, err
}

// next returns a token that was never given out before.
func (t *tokens) next() int64 {
	t.used++
	return t.block*tokenBlock + t.used
}
