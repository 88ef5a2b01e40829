package servers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
)

// naive is an idempotency middleware as an application has it that writes one
// for itself: insert the key, run the handler, store its response, each step
// committed on its own. It has no lease: a key whose handler died is lost for
// good. That makes it cheaper, not dearer.
type naive struct {
	next http.Handler
	keys keys

	// looks has it look the key up first, where that is cheaper than an insert
	// that fails.
	looks bool
}

// keys is the table of a naive middleware.
type keys interface {
	find(ctx context.Context, key string) (*kept, error) // nil when there is none
	reserve(ctx context.Context, key string, hash []byte) (first bool, err error)
	store(ctx context.Context, key string, status int, kind string, body []byte) error
}

// kept is a row of the table.
type kept struct {
	hash   []byte
	status int // 0 while the handler runs
	kind   string
	body   []byte
}

// ServeHTTP answers once for each key.
func (n *naive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := n.serve(w, r); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (n *naive) serve(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	key, hash := r.Header.Get(shop.KeyHeader), sha256.Sum256(body)
	if n.looks {
		done, err := n.replay(r.Context(), w, key, hash[:])
		if done || err != nil {
			return err
		}
	}
	first, err := n.keys.reserve(r.Context(), key, hash[:])
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	if !first {
		_, err := n.replay(r.Context(), w, key, hash[:])
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	n.next.ServeHTTP(answer, r)
	kind := answer.Header().Get("Content-Type")
	if err := n.keys.store(r.Context(), key, answer.Code, kind, answer.Body.Bytes()); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	send(w, answer.Code, kind, answer.Body.Bytes())
	return nil
}

// replay answers from the table, if the key is there.
func (n *naive) replay(ctx context.Context, w http.ResponseWriter, key string, hash []byte) (bool, error) {
	found, err := n.keys.find(ctx, key)
	switch {
	case err != nil:
		return false, fmt.Errorf("look up the key: %w", err)
	case found == nil:
		return false, nil
	case !bytes.Equal(found.hash, hash):
		http.Error(w, "the key came with another body", http.StatusConflict)
	case found.status == 0:
		http.Error(w, "the first request is still running", http.StatusConflict)
	default:
		w.Header().Set("Idempotency-Replayed", "true")
		send(w, found.status, found.kind, found.body)
	}
	return true, nil
}

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have left
}
