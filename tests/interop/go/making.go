package main

import (
	"crypto/rand"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A makeTask asks for a log made here: entries "entry-<i>", keys, a checkpoint, proofs and tiles.
type makeTask struct {
	Origin  string
	Size    int64
	Indices []int64
	Olds    []int64
}

type made struct {
	SKey    string
	VKeys   []string // of two keys that have signed the notes
	Note    []byte   // a checkpoint of Origin
	SumDB   []byte   // the same tree, as the Go checksum database words it
	Root    []byte
	Records []record
	Olds    []older
	Tiles   map[string][]byte
}

// A hashStore is the sequence of hashes that tlog calls stored.
type hashStore []tlog.Hash

func (s hashStore) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		hashes = append(hashes, s[index])
	}
	return hashes, nil
}

func (t *makeTask) do() (*made, error) {
	var store hashStore
	for i := int64(0); i < t.Size; i++ {
		hashes, err := tlog.StoredHashes(i, []byte(fmt.Sprintf("entry-%d", i)), &store)
		if err != nil {
			return nil, err
		}
		store = append(store, hashes...)
	}
	root, err := tlog.TreeHash(t.Size, store)
	if err != nil {
		return nil, err
	}
	result := &made{Root: root[:], Tiles: map[string][]byte{}}
	if err := t.sign(root, result); err != nil {
		return nil, err
	}
	for _, index := range t.Indices {
		proof, err := tlog.ProveRecord(t.Size, index, store)
		if err != nil {
			return nil, err
		}
		result.Records = append(result.Records, record{Index: index, Proof: fromHashes(proof)})
	}
	for _, size := range t.Olds {
		proof, err := tlog.ProveTree(t.Size, size, store)
		if err != nil {
			return nil, err
		}
		oldRoot, err := tlog.TreeHash(size, store)
		if err != nil {
			return nil, err
		}
		result.Olds = append(result.Olds, older{Size: size, Root: oldRoot[:], Proof: fromHashes(proof)})
	}
	for _, tile := range tlog.NewTiles(height, 0, t.Size) {
		data, err := tlog.ReadTileData(tile, store)
		if err != nil {
			return nil, err
		}
		result.Tiles[tilePath(tile)] = data
	}
	return result, nil
}

func (t *makeTask) sign(root tlog.Hash, result *made) error {
	var signers []note.Signer
	for _, name := range []string{t.Origin, "second.example"} {
		skey, vkey, err := note.GenerateKey(rand.Reader, name)
		if err != nil {
			return err
		}
		signer, err := note.NewSigner(skey)
		if err != nil {
			return err
		}
		if result.SKey == "" {
			result.SKey = skey
		}
		result.VKeys = append(result.VKeys, vkey)
		signers = append(signers, signer)
	}
	var err error
	text := fmt.Sprintf("%s\n%d\n%s\n", t.Origin, t.Size, root)
	if result.Note, err = note.Sign(&note.Note{Text: text}, signers...); err != nil {
		return err
	}
	sumDB := string(tlog.FormatTree(tlog.Tree{N: t.Size, Hash: root}))
	result.SumDB, err = note.Sign(&note.Note{Text: sumDB}, signers...)
	return err
}

func fromHashes(hashes []tlog.Hash) [][]byte {
	data := [][]byte{}
	for _, hash := range hashes {
		hash := hash
		data = append(data, hash[:])
	}
	return data
}
