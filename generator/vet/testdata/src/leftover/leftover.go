package leftover

func nothing() {}
