package main

import (
	"golang.org/x/mod/sumdb/note"
)

// A noteTask asks for a note to be opened with some keys.
type noteTask struct {
	VKeys []string
	Note  []byte
}

type opened struct {
	Text       string
	Verified   []string // key names
	Unverified []string
}

func (t *noteTask) check() (*opened, error) {
	var verifiers []note.Verifier
	for _, vkey := range t.VKeys {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, verifier)
	}
	n, err := note.Open(t.Note, note.VerifierList(verifiers...))
	if err != nil {
		return nil, err
	}
	result := &opened{Text: n.Text}
	for _, sig := range n.Sigs {
		result.Verified = append(result.Verified, sig.Name)
	}
	for _, sig := range n.UnverifiedSigs {
		result.Unverified = append(result.Unverified, sig.Name)
	}
	return result, nil
}
