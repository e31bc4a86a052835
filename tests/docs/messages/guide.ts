/** An entry of docs/troubleshooting.md: the messages that it is about, in its own spelling. */
export interface Entry {
  readonly patterns: readonly string[]
  /** The spans of code of its cause and its cure. */
  readonly code: readonly string[]
}

/** The entries of the page, each an item of a list. Throws for one that lacks a message, its cause or its cure. */
export function readEntries(page: string): Entry[] {
  const sections = page.split(/^## /m).slice(1)
  return sections.flatMap((section) => section.split(/^- /m).slice(1).map(readEntry))
}

function readEntry(text: string): Entry {
  const [, spans = '', cause = '', cure = ''] = /^(.*?)\*\*Cause:\*\*(.+?)\*\*Cure:\*\*(.+)$/s.exec(text) ?? []
  const patterns = codeIn(spans)
  if (patterns.length === 0 || cause.trim() === '' || cure.trim() === '')
    throw new Error(`An entry needs its message, **Cause:** and **Cure:**: ${text.slice(0, 80)}`)
  return { patterns, code: codeIn(cause + cure) }
}

function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '))
}

/** `…` stands for any text; `<word>` for one part that is only known when the program runs. */
export function fits(pattern: string, message: string): boolean {
  const parts = pattern.split(/(…|<\w+>)/).map((part, index) => {
    if (index % 2 === 0) return part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
    return part === '…' ? '.*' : '…'
  })
  return new RegExp(`^${parts.join('')}$`, 's').test(message)
}
