import { code, isBlank, type Line, lineAt } from './markdown-line.ts'

const [DASH, PLUS, DOT, MARK] = [code('-'), code('+'), code('.'), 0xfe_ff]

/** What became of a text: characters from `from` were replaced by those up to `end`, and it has grown by `growth`. */
export interface Change {
  readonly from: number
  readonly end: number
  readonly growth: number
}

/**
 * Where the Markdown of a text begins: after a byte-order mark and after front matter, which is no Markdown. Front
 * matter is YAML between a first line `---` and the next line `---` or `...`, or TOML between two lines `+++`. If it
 * is never closed, the first line is a thematic break or text.
 */
export function startOfMarkdown(content: string): number {
  const first = firstLine(content)
  const kind = openingAt(first)
  return kind === undefined ? first.start : (endOfFrontMatter(content, first.end, content.length, kind) ?? first.start)
}

/** The same after a change, where the Markdown began at `before`. Reads little more than the lines that changed. */
export function startOfChangedMarkdown(content: string, change: Change, before: number): number {
  const { from, end, growth } = change
  const first = firstLine(content)
  if (from < first.end) return startOfMarkdown(content)
  const kind = openingAt(first)
  if (kind === undefined) return before
  const endAmongChanged = (): number | undefined =>
    endOfFrontMatter(content, Math.max(first.end, startOfLine(content, from)), end, kind)
  if (before === first.start) return endAmongChanged() ?? before
  if (from >= before && content[before - 1] === '\n') return before
  const isClosingLineKept = startOfLine(content, before + growth - 1) > end
  return isClosingLineKept ? (endAmongChanged() ?? before + growth) : startOfMarkdown(content)
}

function firstLine(content: string): Line {
  return lineAt(content, content.charCodeAt(0) === MARK ? 1 : 0)
}

function startOfLine(content: string, at: number): number {
  return at <= 0 ? 0 : content.lastIndexOf('\n', at - 1) + 1
}

/** The end of the closing line, if one begins between `from` and `to`. */
function endOfFrontMatter(content: string, from: number, to: number, kind: number): number | undefined {
  for (let start = from; start <= to && start < content.length;) {
    const line = lineAt(content, start)
    const found = delimiterAt(line)
    if (found === kind || (found === DOT && kind === DASH)) return line.end
    start = line.end
  }
  return undefined
}

function openingAt(line: Line): number | undefined {
  const char = delimiterAt(line)
  return char === DOT ? undefined : char
}

/** The character of which a line has exactly three, at its beginning, and then only spaces and tabs. */
function delimiterAt({ content, start, last }: Line): number | undefined {
  const char = content.charCodeAt(start)
  if (char !== DASH && char !== PLUS && char !== DOT) return undefined
  if (last - start < 3 || content.charCodeAt(start + 1) !== char || content.charCodeAt(start + 2) !== char)
    return undefined
  for (let at = start + 3; at < last; at += 1) if (!isBlank(content.charCodeAt(at))) return undefined
  return char
}
