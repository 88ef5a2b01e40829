package ws

import "context"

// read waits until the connection ends, and answers pings and the client's
// close meanwhile. A message ends the connection: this version takes none.
func (c *client) read(ctx context.Context) {
	if _, _, err := c.conn.Reader(ctx); err != nil {
		return
	}
	c.finish(noMessage)
	<-ctx.Done()
}
