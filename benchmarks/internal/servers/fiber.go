package servers

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/idempotency"

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
)

func openFiberBare(context.Context, Config) (*Server, error) { return overFiber(), nil }

// openFiber has the middleware with its defaults, but for the header's name.
func openFiber(context.Context, Config) (*Server, error) {
	return overFiber(idempotency.New(idempotency.Config{KeyHeader: shop.KeyHeader})), nil
}

func overFiber(middleware ...any) *Server {
	app := fiber.New()
	if len(middleware) > 0 {
		app.Use(middleware...)
	}
	app.Post("/orders", placeInFiber)
	return &Server{
		serve: func(l net.Listener) error {
			if err := app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true}); err != nil {
				return fmt.Errorf("serve: %w", err)
			}
			return nil
		},
		close: []func(context.Context) error{app.ShutdownWithContext},
	}
}

func placeInFiber(c fiber.Ctx) error {
	var in shop.Request
	if err := c.Bind().JSON(&in); err != nil {
		return fiber.NewError(http.StatusBadRequest, err.Error())
	}
	if err := in.Validate(); err != nil {
		return fiber.NewError(http.StatusUnprocessableEntity, err.Error())
	}
	return c.Status(http.StatusCreated).JSON(shop.Place(c.Get(shop.KeyHeader), in))
}
