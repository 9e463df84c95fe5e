package main

import (
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A pathsTask asks how tiles are spelt, and which spellings are read.
type pathsTask struct {
	Tiles []struct {
		Level int
		Index int64
		Width int
	}
	Paths []string
}

type spelt struct {
	Paths []string // of Tiles
	Read  []bool   // whether each of the given Paths is read
}

func (t *pathsTask) check() (*spelt, error) {
	result := &spelt{}
	for _, tile := range t.Tiles {
		result.Paths = append(result.Paths, tilePath(tlog.Tile{H: height, L: tile.Level, N: tile.Index, W: tile.Width}))
	}
	for _, path := range t.Paths {
		_, err := tlog.ParseTilePath(strings.Replace(path, "tile/", "tile/8/", 1))
		result.Read = append(result.Read, err == nil)
	}
	return result, nil
}
