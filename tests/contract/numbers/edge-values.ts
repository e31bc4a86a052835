import { randomInt, randomUUID } from 'node:crypto'
import { type Json, string } from '../../../src/contract/document/document.ts'
import type { Bound } from './edges.ts'

type Maker = (size: number) => string

/** The last of them a character outside the first plane of Unicode, which counts as one. */
const withAstral: Maker = (size) => `${'a'.repeat(Math.max(0, size - 1))}${size === 0 ? '' : '😀'}`
const plain: Maker = (size) => 'a'.repeat(size)

const FORMATS: Readonly<Record<string, Maker>> = {
  // At the shortest, a letter chosen by chance, so that no two accounts meet.
  'idn-email': (size) =>
    (size > 3
      ? `${randomUUID()}@example.org`.padStart(size, 'a')
      : `${String.fromCodePoint(randomInt(0x4e00, 0x9f00))}@b`
    ).slice(-size),
  uuid: (size) => `${randomUUID()}0`.slice(0, size),
  'date-time': (size) =>
    `2026-11-22T10:16:40${size > 20 ? `.${'5'.repeat(size - 21)}` : ''}Z`.slice(Math.max(0, 20 - size)),
}

const NAMED: Readonly<Record<string, Maker>> = {
  'If-Match': entityTags,
  'If-None-Match': entityTags,
  // As many blanks between scopes as one likes.
  '/scope': (size) => 'notes:read'.padEnd(size),
}

/** Entity tags, the note's own among them: a note that was just made or changed has the first or the second version. */
function entityTags(size: number): string {
  return size < 15 ? '*'.repeat(size) : `"1", "2", "${'a'.repeat(size - 12)}"`
}

/** What a bound is met with when it is `size` long, large or many; undefined when nothing like it can be sent. */
export function valueOf(
  { name, in: where, keyword, schema, items, limit }: Bound,
  size: number,
  item: Json,
): Json | undefined {
  if (keyword === 'minimum' || keyword === 'maximum') return size
  if (keyword === 'minProperties') return size < limit ? {} : item
  if (keyword === 'minItems' || keyword === 'maxItems') {
    // A list in a query is as long as its name is repeated: when it is empty it is not there.
    if (where === 'query' && size === 0) return undefined
    const isFree = typeof item === 'string' && items !== undefined && !('enum' in items)
    return Array.from({ length: size }, (_, index) => (isFree ? `${item}${index}` : item))
  }
  const maker = NAMED[name] ?? FORMATS[string(schema['format'] ?? '')]
  if (maker !== undefined) return maker(size)
  // A header is bytes, and what it is made of has to look like it.
  const pattern = new RegExp(string(schema['pattern'] ?? ''), 'u')
  return where !== 'header' && pattern.test(withAstral(limit)) ? withAstral(size) : plain(size)
}
