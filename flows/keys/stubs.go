package keys

type Manager struct{}
