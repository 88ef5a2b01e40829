package ws

import "context"

// ping gives the client up when it does not answer in time. No ping is longer
// than the time to the next one, so they do not pile up.
func (c *client) ping(ctx context.Context, giveUp context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, min(c.opts.WriteTimeout, c.opts.PingInterval))
	defer cancel()
	if err := c.conn.Ping(ctx); err != nil {
		giveUp()
	}
}
