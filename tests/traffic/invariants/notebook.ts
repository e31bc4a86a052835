import { isDeepStrictEqual } from 'node:util'
import { tagKey } from './order.ts'
import { type Fields, isFields, type Seen, strings } from './seen.ts'

/** A note as its owner must find it, by all that was answered before. */
export interface KnownNote {
  readonly place: 'here' | 'trash'
  /** The whole note; what is not certain of it is missing. */
  readonly fields: Fields
  /** Counts deletions, for the order of the trash. */
  readonly deleted: number
}

/** What one account has, followed through its requests. */
export interface Notebook {
  readonly notes: Map<string, KnownNote>
  /** Texts, tags and flags of each version, as `id version`. */
  readonly states: Map<string, Fields>
  /** Where the pages of a list begin, by their address; they hold while nothing is written. */
  readonly pages: Map<string, number>
  deletions: number
}

export const CONTENT = ['title', 'content', 'tags', 'is_public', 'is_pinned', 'is_archived'] as const

export function emptyNotebook(): Notebook {
  return { notes: new Map(), states: new Map(), pages: new Map(), deletions: 0 }
}

/** Writes down a note as it was answered. */
export function learnNote(book: Notebook, note: Fields): void {
  const id = String(note['id'])
  const known = book.notes.get(id)
  book.notes.set(id, { place: 'here', deleted: known?.deleted ?? 0, fields: note })
  book.states.set(`${id} ${String(note['version'])}`, pick(note))
}

export function moveToTrash(book: Notebook, id: string): void {
  const note = book.notes.get(id)
  if (note?.place === 'here') book.notes.set(id, { ...note, place: 'trash', deleted: (book.deletions += 1) })
}

export function here({ notes }: Notebook): KnownNote[] {
  return [...notes.values()].filter(({ place }) => place === 'here')
}

export function inTrash({ notes }: Notebook): KnownNote[] {
  return [...notes.values()].filter(({ place }) => place === 'trash')
}

export function pick(note: Fields): Fields {
  return Object.fromEntries(CONTENT.flatMap((name) => (name in note ? [[name, note[name]]] : [])))
}

/** The names of the fields that are certain and different. */
export function differing(expected: Fields, answered: Fields): string[] {
  return Object.keys(expected).filter((name) => !isDeepStrictEqual(expected[name], answered[name]))
}

/** Tags as they are stored: in composed form, of two that differ in case only the first. */
export function normalTags(tags: unknown): string[] {
  const byKey = new Map<string, string>()
  for (const tag of strings(tags).map((text) => text.normalize('NFC')))
    if (!byKey.has(tagKey(tag))) byKey.set(tagKey(tag), tag)
  return [...byKey.values()]
}

/** The note with the fields of a body: those given are replaced and the others kept. */
export function replaced(before: Fields, given: Fields): Fields {
  const changes = Object.fromEntries(CONTENT.flatMap((name) => (name in given ? [[name, given[name]]] : [])))
  return { ...before, ...changes, ...('tags' in given ? { tags: normalTags(given['tags']) } : {}) }
}

/** What an action of a batch makes of a note; undefined for one that moves it. */
export function acted(before: Fields, action: Fields): Fields | undefined {
  switch (action['action']) {
    case 'pin':
    case 'unpin':
      return { ...before, is_pinned: action['action'] === 'pin' }
    case 'archive':
    case 'unarchive':
      return { ...before, is_archived: action['action'] === 'archive' }
    case 'publish':
    case 'unpublish':
      return { ...before, is_public: action['action'] === 'publish' }
    case 'add_tags':
      return { ...before, tags: normalTags([...strings(before['tags']), ...strings(action['tags'])]) }
    case 'remove_tags': {
      const gone = new Set(strings(action['tags']).map(tagKey))
      return { ...before, tags: strings(before['tags']).filter((tag) => !gone.has(tagKey(tag))) }
    }
    default:
      return undefined
  }
}

/** The version after a change: one more, unless everything is as it was. */
export function nextVersion(before: Fields, after: Fields): number {
  return Number(before['version']) + (isDeepStrictEqual(pick(before), pick(after)) ? 0 : 1)
}

/** Without what a change of the server itself sets. */
export function withoutTime(note: Fields): Fields {
  return without(note, 'updated_at')
}

export function without(note: Fields, ...names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(note).filter(([name]) => !names.includes(name)))
}

export function noteOf({ answer }: Seen): Fields {
  return isFields(answer['note']) ? answer['note'] : isFields(answer['current']) ? answer['current'] : answer
}
