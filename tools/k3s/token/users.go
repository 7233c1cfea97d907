package token

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// Users are who may speak to the supervisor by password: server/cred/passwd, in the format of K3s.
type Users struct {
	path string

	lock  sync.Mutex
	words map[string]string
}

var groups = map[string]string{"server": "k3s:server", "node": "k3s:agent"}

// Ensure reads the file, gives it the words of this run, and makes one up for a server that has none. An agent's word is
// the server's where no other was given.
func Ensure(path, server, agent string) (*Users, error) {
	users := &Users{path: path, words: map[string]string{}}
	if err := users.read(); err != nil {
		return nil, err
	}
	if server == "" {
		server = users.words["server"]
	}
	if server == "" {
		server = random()
	}
	if parsed, err := Parse(server); err == nil {
		server = parsed.Word
	}
	if agent == "" {
		agent = server
	}
	if parsed, err := Parse(agent); err == nil {
		agent = parsed.Word
	}
	users.words["server"], users.words["node"] = server, agent
	return users, users.write()
}

// Word returns a user's password.
func (u *Users) Word(user string) string {
	u.lock.Lock()
	defer u.lock.Unlock()
	return u.words[user]
}

// Group returns the group of whoever has this password, or nothing. The name is free for a node, as in K3s: an agent that
// has the server's word is a server.
func (u *Users) Group(user, word string) string {
	u.lock.Lock()
	defer u.lock.Unlock()
	if known, exists := u.words[user]; exists && subtle.ConstantTimeCompare([]byte(known), []byte(word)) == 1 {
		return groups[user]
	}
	return ""
}

// Rotate gives the server another word, and the agents too where they had the same one and no own was given.
func (u *Users) Rotate(word string, agentsOwn bool) (string, error) {
	u.lock.Lock()
	defer u.lock.Unlock()
	if word == "" {
		word = random()
	}
	if u.words["node"] == u.words["server"] && !agentsOwn {
		u.words["node"] = word
	}
	u.words["server"] = word
	return word, u.write()
}

func (u *Users) read() error {
	file, err := os.Open(u.path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	records, err := reader.ReadAll()
	if err != nil {
		return err
	}
	for _, record := range records {
		if len(record) >= 2 {
			u.words[record[1]] = record[0]
		}
	}
	return nil
}

func (u *Users) write() error {
	temporary, err := os.CreateTemp(filepath.Dir(u.path), ".passwd-")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	writer := csv.NewWriter(temporary)
	for _, user := range []string{"node", "server"} {
		writer.Write([]string{u.words[user], user, user, groups[user]})
	}
	writer.Flush()
	if err := errors.Join(writer.Error(), temporary.Chmod(0o600), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), u.path)
}

func random() string {
	word := make([]byte, 16)
	rand.Read(word)
	return hex.EncodeToString(word)
}
