package main

import (
	"fmt"
	"os"
	"path/filepath"

	"guardrail/policy"
)

// readPolicies reads the policy files of directories, and files given by name, all together.
func readPolicies(paths []string) ([]policy.Source, error) {
	var sources []policy.Source
	read := map[string]bool{}
	for _, path := range paths {
		some, err := readPath(path)
		if err != nil {
			return nil, err
		}
		for _, s := range some {
			if name := filepath.Clean(s.File); !read[name] {
				read[name] = true
				sources = append(sources, s)
			}
		}
	}
	return sources, nil
}

// readPath reads one directory or one file.
func readPath(path string) ([]policy.Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	if info.IsDir() {
		return policy.ReadDir(path)
	}
	s, err := policy.ReadFile(path)
	return []policy.Source{s}, err
}
