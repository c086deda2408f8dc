package docs_test

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// page is one Markdown file, taken apart.
type page struct {
	name    string // path from the repository's root
	setup   string // Go declarations that its snippets may use, from <!-- go:setup … -->
	blocks  []block
	links   []link
	anchors map[string]bool
}

// block is a fenced Go block that has to compile.
type block struct {
	line int // of its first line of code, from 1
	code string
}

// link is a link to somewhere else, from Markdown or HTML.
type link struct {
	line   int
	target string
}

var (
	fencePattern    = regexp.MustCompile("^(\\s*)(`{3,}|~{3,})\\s*(.*)$")
	headingPattern  = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*\s*$`)
	codeSpanPattern = regexp.MustCompile("`[^`]*`")
	inlinePattern   = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	referencePat    = regexp.MustCompile(`^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?`)
	attributePat    = regexp.MustCompile(`\b(?:href|src)="([^"]+)"`)
	namedAnchorPat  = regexp.MustCompile(`<a\s+(?:id|name)="([^"]+)"`)
	linkTextPattern = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

const (
	setupComment  = "<!-- go:setup"
	ignoreComment = "<!-- go:ignore"
)

// parsePage takes text apart. A Go block is left out when its fence says
// "go ignore" or when the line above it is a <!-- go:ignore … --> comment.
func parsePage(name, text string) (*page, error) {
	p := &page{name: name, anchors: map[string]bool{}}
	var fence *fence
	inSetup, ignoreNext := false, false
	for i, line := range strings.Split(text, "\n") {
		switch {
		case fence != nil:
			if fence.closedBy(line) {
				if fence.compiled() {
					p.blocks = append(p.blocks, block{line: fence.line + 1, code: fence.code.String()})
				}
				fence = nil
				continue
			}
			fence.code.WriteString(strings.TrimPrefix(line, fence.indent) + "\n")
		case inSetup:
			if strings.Contains(line, "-->") {
				inSetup = false
				continue
			}
			p.setup += line + "\n"
		case strings.HasPrefix(line, setupComment):
			inSetup = true
		case strings.HasPrefix(strings.TrimSpace(line), ignoreComment):
			ignoreNext = true
		case fencePattern.MatchString(line):
			fence = openFence(line, i+1)
			fence.ignored = fence.ignored || ignoreNext
			ignoreNext = false
		default:
			ignoreNext = ignoreNext && strings.TrimSpace(line) == ""
			p.addText(line, i+1)
		}
	}
	switch {
	case fence != nil:
		return nil, fmt.Errorf("%s:%d: the fence is never closed", name, fence.line)
	case inSetup:
		return nil, fmt.Errorf("%s: %s is never closed", name, setupComment)
	}
	return p, nil
}

// addText collects the links and anchors of a line outside every fence.
func (p *page) addText(line string, number int) {
	if m := headingPattern.FindStringSubmatch(line); m != nil {
		p.addHeading(m[1])
	}
	for _, m := range namedAnchorPat.FindAllStringSubmatch(line, -1) {
		p.anchors[m[1]] = true
	}
	plain := codeSpanPattern.ReplaceAllString(line, "")
	for _, pattern := range []*regexp.Regexp{inlinePattern, referencePat, attributePat} {
		for _, m := range pattern.FindAllStringSubmatch(plain, -1) {
			p.links = append(p.links, link{line: number, target: m[1]})
		}
	}
}

// addHeading records the anchor that GitHub makes of a heading: lower case,
// without punctuation, spaces as hyphens, numbered where it repeats.
func (p *page) addHeading(heading string) {
	heading = linkTextPattern.ReplaceAllString(heading, "$1")
	slug := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	anchor := slug
	for n := 1; p.anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", slug, n)
	}
	p.anchors[anchor] = true
}

// fence is a fenced block that is being read.
type fence struct {
	line    int
	mark    string
	indent  string
	isGo    bool
	ignored bool
	code    strings.Builder
}

func openFence(line string, number int) *fence {
	m := fencePattern.FindStringSubmatch(line)
	words := strings.Fields(m[3])
	f := &fence{line: number, mark: m[2], indent: m[1]}
	f.isGo = len(words) > 0 && words[0] == "go"
	f.ignored = len(words) > 1 && words[1] == "ignore"
	return f
}

func (f *fence) closedBy(line string) bool {
	line = strings.TrimSpace(line)
	return len(line) >= len(f.mark) && strings.Trim(line, f.mark[:1]) == ""
}

func (f *fence) compiled() bool { return f.isGo && !f.ignored }
