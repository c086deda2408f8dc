package main_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadmeShowsThisProgram(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)

	require.Contains(t, string(readme), "```go\n"+string(program)+"```\n")
	require.LessOrEqual(t, strings.Count(string(program), "\n"), 21, "the README promises about 20 lines")
}
