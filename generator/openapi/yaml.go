package openapi

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// writeYAML writes a tree below the line that says where it comes from.
func writeYAML(root *yaml.Node) ([]byte, error) {
	dress(root)
	out := bytes.NewBufferString(firstLine)
	dumper, err := yaml.NewDumper(out, yaml.WithIndent(2), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if err := dumper.Dump(root); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if err := dumper.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out.Bytes(), nil
}

// dress chooses how texts look: in a block where they have lines, and lists of
// few short scalars in one line.
func dress(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!str" {
			n.Style = styleOf(n.Value)
		}
	case yaml.SequenceNode:
		if isShort(n) {
			n.Style = yaml.FlowStyle
		}
	}
	for _, part := range n.Content {
		dress(part)
	}
}

// notText are the texts that the library leaves bare and that readers of YAML
// 1.1, which are many, take for something else.
var notText = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|=)$|^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)

// styleOf chooses how a text looks; 0 leaves it to the library.
func styleOf(text string) yaml.Style {
	unprinted := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	switch {
	case notText.MatchString(text):
		return yaml.SingleQuotedStyle
	case !strings.Contains(text, "\n"):
		return 0
	case strings.ContainsFunc(text, unprinted):
		return yaml.DoubleQuotedStyle // a block has no escapes
	}
	return yaml.LiteralStyle
}

const shortLine = 60 // bytes of a list that stands in one line

func isShort(n *yaml.Node) bool {
	size := 0
	for _, part := range n.Content {
		if part.Kind != yaml.ScalarNode || strings.Contains(part.Value, "\n") {
			return false
		}
		size += len(part.Value) + len(", ")
	}
	return size <= shortLine
}
