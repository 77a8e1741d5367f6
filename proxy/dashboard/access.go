package dashboard

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// Access says who may look. Without users and without a trusted header
// everybody may who reaches the address, which must then be a loopback one.
type Access struct {
	Users  map[string][]byte // bcrypt hashes of passwords, by user
	Header string            // set by an authenticating proxy in front: the user's name
	From   []netip.Prefix    // the addresses of that proxy; nobody else's header is believed
}

// Open reports whether everybody may look.
func (a Access) Open() bool { return len(a.Users) == 0 && a.Header == "" }

// Wrap lets through who may look.
func (a Access) Wrap(next http.Handler) http.Handler {
	if a.Open() {
		return localOnly(next)
	}
	k := &keeper{Access: a, next: next, slots: make(chan struct{}, 2)}
	k.nobody, _ = bcrypt.GenerateFromPassword([]byte("nobody"), bcrypt.DefaultCost)
	return k
}

// localOnly refuses a request whose Host is not this machine's own: a page of
// another site, whose name was made to lead to a loopback address, could read
// everything otherwise.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r.Host) {
			http.Error(w, "This address is served for localhost only; set admin.users or admin.trusted_header for other names.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

// keeper lets through users with the right password, and those that a trusted
// proxy names.
type keeper struct {
	Access
	next   http.Handler
	nobody []byte        // a hash for users that there are not: they take as long
	slots  chan struct{} // bounds the passwords that are checked at a time: each costs a processor's time

	mu    sync.Mutex
	known map[[sha256.Size]byte]struct{} // user and password that were right
}

const maxKnown = 1000

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, err := k.user(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="Guardrail", charset="UTF-8"`)
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	k.next.ServeHTTP(w, withViewer(r, user))
}

func (k *keeper) user(r *http.Request) (string, error) {
	if k.Header != "" && k.trusted(r.RemoteAddr) {
		if values := r.Header.Values(k.Header); len(values) == 1 && values[0] != "" {
			return values[0], nil
		}
	}
	user, password, ok := r.BasicAuth()
	if !ok || len(k.Users) == 0 {
		return "", errors.New("log in")
	}
	if !k.right(user, password) {
		return "", errors.New("no such user, or another password")
	}
	return user, nil
}

func (k *keeper) trusted(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, p := range k.From {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// right checks a password, and remembers that it was right: the check is slow
// on purpose, and a page asks often.
func (k *keeper) right(user, password string) bool {
	key := sha256.Sum256([]byte(fmt.Sprintf("%d:%s%s", len(user), user, password)))
	k.mu.Lock()
	_, known := k.known[key]
	k.mu.Unlock()
	if known {
		return true
	}
	hash, exists := k.Users[user]
	if !exists {
		hash = k.nobody
	}
	k.slots <- struct{}{}
	err := bcrypt.CompareHashAndPassword(hash, []byte(password))
	<-k.slots
	if err != nil || !exists {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) >= maxKnown {
		k.known = map[[sha256.Size]byte]struct{}{}
	}
	k.known[key] = struct{}{}
	return true
}
