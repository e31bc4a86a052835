export type LineEnding = '\n' | '\r\n'

/** Lines with their endings. A lone \r does not end a line, as in git and diff. */
export function splitLines(text: string): string[] {
  const lines: string[] = []
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
    lines.push(text.slice(start, end + 1))
    start = end + 1
  }
  if (start < text.length) lines.push(text.slice(start))
  return lines
}

export function endingOf(line: string): LineEnding | '' {
  if (!line.endsWith('\n')) return ''
  return line.endsWith('\r\n') ? '\r\n' : '\n'
}

export function withoutEnding(line: string): string {
  return line.slice(0, line.length - endingOf(line).length)
}

/** The text with other line endings, in the order given; the last one is used for all that follow. */
export function withEndings(text: string, endings: readonly LineEnding[]): string {
  let next = 0
  return text.replaceAll(/\r?\n/g, (ending) => {
    const other = endings[Math.min(next, endings.length - 1)] ?? ending
    next += 1
    return other
  })
}

/** The endings of all lines, in their order. */
export function endingsOf(text: string): LineEnding[] {
  return (text.match(/\r?\n/g) ?? []).map((ending) => (ending === '\n' ? '\n' : '\r\n'))
}

/** The ending that most lines have; \n if there are as many of both. */
export function dominantEnding(text: string): LineEnding {
  return prevailing(countEndings(text))
}

/** The ending that all lines have; undefined if there is none or both occur. */
export function onlyEnding(text: string): LineEnding | undefined {
  const { all, crlf } = countEndings(text)
  if (all === 0) return undefined
  if (crlf === 0) return '\n'
  return crlf === all ? '\r\n' : undefined
}

/** How many lines end between two offsets, and how many of those with \r\n. */
export interface Endings {
  readonly all: number
  readonly crlf: number
}

export function prevailing({ all, crlf }: Endings): LineEnding {
  return crlf > all - crlf ? '\r\n' : '\n'
}

export function countEndings(text: string, from = 0, to = text.length): Endings {
  let all = 0
  let crlf = 0
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) {
    all += 1
    if (text.charCodeAt(at - 1) === 13) crlf += 1
  }
  return { all, crlf }
}
