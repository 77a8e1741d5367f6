package dashboard

// Why says in plain words why it was decided so.
var Why = why
