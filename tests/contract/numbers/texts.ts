import { escapeToken, isObject, type Json } from '../../../src/contract/document/document.ts'
import { problemKinds } from '../../../src/http/problem-kinds.ts'
import { settings } from '../../../src/config/settings.ts'
import { document } from '../harness/document-examples.ts'

/** A sentence, table row or heading of the contract, on one line. */
export interface Sentence {
  /** JSON pointer to the text that it stands in; of other texts, a name and a pointer. */
  readonly where: string
  readonly text: string
}

/** Members that people read. `detail` is what a problem in an example tells them. */
const READ_BY_PEOPLE: ReadonlySet<string> = new Set([
  'title',
  'summary',
  'description',
  'bearerFormat',
  'detail',
  'msg',
  'remedy',
  'help',
  'fallback',
  'accepts',
])

const settingTexts = Object.fromEntries(
  settings.map(({ name, help, fallback, reader }) => [name, { help, fallback, accepts: reader.accepts }]),
)

/** Every sentence of openapi.yaml, of the pages behind `/problems/` and of the settings, in their order. */
export const sentences: readonly Sentence[] = [
  ...textsOf(document.root, ''),
  ...textsOf(problemKinds, 'problem-kinds'),
  ...textsOf(settingTexts, 'settings'),
].flatMap(({ where, text }) => split(text).map((sentence) => ({ where, text: sentence })))

function* textsOf(value: Json, where: string): Generator<Sentence> {
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* textsOf(item as Json, `${where}/${index}`)
  if (!isObject(value)) return
  for (const [key, member] of Object.entries(value)) {
    const place = `${where}/${escapeToken(key)}`
    if (typeof member === 'string' && isText(where, key)) yield { where: place, text: member }
    else yield* textsOf(member, place)
  }
}

/** A title inside an example is data: that of a note. */
function isText(where: string, key: string): boolean {
  if (key === 'title' && where.includes('/value')) return false
  return READ_BY_PEOPLE.has(key) || key.startsWith('x-')
}

/** Markdown to sentences: a table row, a list item, a heading and a line of code stand for themselves; the rest is prose. */
function split(markdown: string): string[] {
  const blocks = markdown.replaceAll(/\n(?=\s*(?:\||#|\d+\. |```))/g, '\n\n').split(/\n\s*\n/)
  return blocks.flatMap((block) => {
    if (block.trimStart().startsWith('```')) return block.split('\n')
    const line = block.replaceAll(/\s+/g, ' ').trim()
    // The dot of a list's number ends no sentence.
    return line.startsWith('|') ? [line] : line.split(/(?<!^\d+\.)(?<=[.?!]) (?=[A-Z`"])/)
  })
}
