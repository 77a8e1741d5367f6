package main

import (
	"fmt"
	"os"
	"path/filepath"

	"guardrail/policy"
	"guardrail/policy/strictyaml"
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

// environmentOf reads the environment out of a configuration. The rest of it may
// be wrong here: on a desk there are no keys and no passwords.
func environmentOf(configFile string) (string, error) {
	text, err := os.ReadFile(configFile)
	if err != nil {
		return "", fmt.Errorf("which environment is meant? read configuration: %w; or name it with --environment", err)
	}
	root := strictyaml.Parse(configFile, text, &strictyaml.Report{})
	named := root.FieldsAnd([]string{}, "environment").Get("environment").Written()
	if named == "" {
		return "", fmt.Errorf("%s names no environment; or name it with --environment", configFile)
	}
	return named, nil
}
