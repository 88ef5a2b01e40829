package pgstore

import (
	"testing"

	"github.com/cnerium/cnerium-go/runtime/internal/modeltest"
)

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	t.Parallel()
	modeltest.Migrations(t, migrations, 3)
}
