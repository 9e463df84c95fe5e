package main

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// A treeTask holds a log as Indelible published it: root, tiles, and some entries with their proofs.
type treeTask struct {
	Size    int64
	Root    []byte
	Tiles   map[string][]byte // by tlog-tiles path
	Records []record
	Olds    []older
}

type record struct {
	Index int64
	Entry []byte
	Proof [][]byte
}

type older struct {
	Size  int64
	Root  []byte
	Proof [][]byte
}

// tilePath is the tlog-tiles path of a tile: that of sumdb without the height.
func tilePath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

// A tileMap reads the tiles of a task, for tlog.TileHashReader to authenticate.
type tileMap map[string][]byte

func (m tileMap) Height() int { return height }

func (m tileMap) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		found, ok := m[tilePath(tile)]
		if !ok {
			return nil, fmt.Errorf("there is no %s", tilePath(tile))
		}
		data = append(data, found)
	}
	return data, nil
}

func (m tileMap) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *treeTask) check() (map[string]int, error) {
	root, err := toHash(t.Root)
	if err != nil {
		return nil, err
	}
	for _, tile := range tlog.NewTiles(height, 0, t.Size) {
		if len(t.Tiles[tilePath(tile)]) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tilePath(tile), len(t.Tiles[tilePath(tile)]))
		}
	}
	reader := tlog.TileHashReader(tlog.Tree{N: t.Size, Hash: root}, tileMap(t.Tiles))
	for _, record := range t.Records {
		if err := t.checkRecord(record, root, reader); err != nil {
			return nil, fmt.Errorf("record %d: %v", record.Index, err)
		}
	}
	for _, old := range t.Olds {
		if err := t.checkOlder(old, root, reader); err != nil {
			return nil, fmt.Errorf("size %d: %v", old.Size, err)
		}
	}
	return map[string]int{"records": len(t.Records), "olds": len(t.Olds)}, nil
}

// checkRecord verifies the proof that came along, and makes it again from the authenticated tiles.
func (t *treeTask) checkRecord(r record, root tlog.Hash, reader tlog.HashReader) error {
	leaf := tlog.RecordHash(r.Entry)
	proof, err := toHashes(r.Proof)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, t.Size, root, r.Index, leaf); err != nil {
		return err
	}
	stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, r.Index)})
	if err != nil {
		return err
	}
	if stored[0] != leaf {
		return fmt.Errorf("the tile holds another leaf hash")
	}
	made, err := tlog.ProveRecord(t.Size, r.Index, reader)
	if err != nil {
		return err
	}
	return same(made, r.Proof)
}

// checkOlder does the same for the proof that the tree extends an older one, whose root it computes from the tiles.
func (t *treeTask) checkOlder(o older, root tlog.Hash, reader tlog.HashReader) error {
	proof, err := toHashes(o.Proof)
	if err != nil {
		return err
	}
	oldRoot, err := toHash(o.Root)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, t.Size, root, o.Size, oldRoot); err != nil {
		return err
	}
	computed, err := tlog.TreeHash(o.Size, reader)
	if err != nil {
		return err
	}
	if computed != oldRoot {
		return fmt.Errorf("the tiles give another root")
	}
	made, err := tlog.ProveTree(t.Size, o.Size, reader)
	if err != nil {
		return err
	}
	return same(made, o.Proof)
}

func same(made []tlog.Hash, given [][]byte) error {
	if len(made) != len(given) {
		return fmt.Errorf("a proof of %d hashes came along, not of %d", len(given), len(made))
	}
	for i := range made {
		if !bytes.Equal(made[i][:], given[i]) {
			return fmt.Errorf("hash %d of the proof differs", i)
		}
	}
	return nil
}

func toHash(data []byte) (hash tlog.Hash, err error) {
	if len(data) != tlog.HashSize {
		return hash, fmt.Errorf("a hash of %d bytes", len(data))
	}
	copy(hash[:], data)
	return hash, nil
}

func toHashes(data [][]byte) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, one := range data {
		hash, err := toHash(one)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
