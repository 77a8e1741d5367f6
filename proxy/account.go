package proxy

import "guardrail/policy"

// errOtherAccount says that the server has logged in another account than the
// one that the policy was asked about. The server converts the name from the
// client's character set, in which it may be spelt with other bytes: armscii8
// has a second hyphen, and one account's owner would choose another's policy.
type errOtherAccount struct{ name string }

func (e errOtherAccount) Error() string {
	return "the server has logged in another account: " + e.name
}

// causeOtherAccount is the cause of a login that is refused for that.
const causeOtherAccount policy.Cause = "other-account"

func (e errOtherAccount) refuse(s *session) error {
	return s.turnAway(causeOtherAccount, e, policy.Rule{}, "the server knows this account by another name than the one that the client has sent;"+
		" have the client log in with character set utf8mb4")
}
