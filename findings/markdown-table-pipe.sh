#!/bin/sh
# A `|` in code, in a cell of a Markdown table.
#
# The backticks do not keep it in its cell: by GitHub's rules (cmark-gfm, which GitHub runs, and markdown-it) the cell
# ends there, the backticks stay as they are, and the last cell of the row is dropped. `\|` is a `|` even inside code.
# In Python-Markdown, which MkDocs uses, it is the other way round: the first is right, and `\|` shows its backslash.
# Only `<code>` with `&#124;` is the same everywhere.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet cmarkgfm==2025.10.22 markdown-it-py==4.3.0 markdown==3.11.3
cat >table.md <<'MD'
| command | changes |
|---|---|
| `ps | wc` | none |
| `ps \| wc` | none |
| <code>ps &#124; wc</code> | none |
MD
cat >show.py <<'PY'
import html, re
import cmarkgfm, markdown, markdown_it

text = open("table.md").read()
for name, page in (
    ("cmark-gfm", cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)),
    ("markdown-it", markdown_it.MarkdownIt("default").render(text)),
    ("Python-Markdown", markdown.markdown(text, extensions=["tables"])),
):
    for row in re.findall("<tr>(.*?)</tr>", page, re.S)[1:]:
        print(f"{name}:", html.unescape("  ".join(re.findall("<td>(.*?)</td>", row))))
PY
venv/bin/pip list 2>/dev/null | grep -iE 'markdown|cmarkgfm'
venv/bin/python show.py >got
cat got
diff - got <<'WANTED'
cmark-gfm: `ps  wc`
cmark-gfm: <code>ps | wc</code>  none
cmark-gfm: <code>ps | wc</code>  none
markdown-it: `ps  wc`
markdown-it: <code>ps | wc</code>  none
markdown-it: <code>ps | wc</code>  none
Python-Markdown: <code>ps | wc</code>  none
Python-Markdown: <code>ps \| wc</code>  none
Python-Markdown: <code>ps | wc</code>  none
WANTED
echo "as found: neither spelling with backticks is read by both"
