package forward

import (
	"context"
	"net/http"
)

//cnerium:durable POST /f f.f
func (s *Service) Unimported(ctx context.Context) error {
	out, err := http.NewRequestWithContext(ctx, "POST", "https://psp", nil) // want `POST request in Unimported`
	if err != nil {
		return err
	}
	_, err = s.client.Do(out)
	return err
}

//cnerium:durable POST /g g.g
func (s *Service) Looping(ctx context.Context) error {
	for range 3 {
		out, err := http.NewRequestWithContext(ctx, "POST", "https://psp", nil) // want `POST request in Looping`
		if err != nil {
			return err
		}
		s.client.Do(out)
	}
	return nil
}
