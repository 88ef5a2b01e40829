// Package client calls durable operations. A retry is only safe when it has
// the same key and the same bytes as the first request; this package sees to
// that, and decides when another attempt is worth it. Generated clients are
// thin layers over it, and it is as good by hand:
//
//	c, err := client.New("https://api.example.com", nil)
//	…
//	req := client.NewRequest("orders.create", http.MethodPost, "/orders")
//	req.JSON(CreateOrder{ProductID: "p1", Quantity: 2})
//	order, meta, err := client.JSON[*Order](c.Do(ctx, req, nil))
//
// Whoever has an [http.Client] already puts a [Transport] into it instead.
//
// # What is tried again
//
// Each call has one key, made for it or given in [Call.Key]. It is tried again
// when no answer came, and after 408, 425, 429, 502, 503, 504 and the 409 that
// says that another request with the key is still at work. Nothing else is: not
// a key that was used for another request, an outcome that nobody knows, any
// other status, a certificate that is wrong, or a context that is over.
//
// Before another attempt comes a pause with full jitter, longer from attempt to
// attempt, after what a Retry-After header asks for. [Retry] has the limits,
// and how the clients of a server in distress do not multiply its load.
//
// # When a call fails
//
// The error is an [*Error]. Its method [Error.Pending] tells the two cases
// apart that matter. When it is false there is a final answer of the operation,
// and nothing is gained by asking again. When it is true, nobody knows yet
// whether the operation has been carried out: there was no answer, or one of
// somebody before the operation. Keep Error.Key and the input, in a database
// if need be, and call again later, with the key in [Call.Key]:
//
//	order, _, err := c.CreateOrder(ctx, in, &client.Call{Key: key})
//
// The operation is then carried out once, however often that is repeated, as
// long as the server keeps the key (24 hours by default). To survive a crash of
// the caller as well, make the key with [NewKey] and store it with the input
// before the first call. The body must be the same, byte for byte: when the
// types of the input have changed in between, the answer is [ErrKeyReused], and
// not a second order.
//
// # Dependencies
//
// The package imports nothing of the server side, so a program that only calls
// operations does not link the runtime. Its own [Meta] tells what the runtime
// adds to an answer.
package client
