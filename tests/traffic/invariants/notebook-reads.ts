import type { Hold } from './invariant.ts'
import { meetsAll } from './filters.ts'
import { differing, here, inTrash, type KnownNote, learnNote, noteOf, type Notebook, without } from './notebook.ts'
import { identityOf, orderOf, tagKey } from './order.ts'
import { changesIn } from './feed.ts'
import { type Fields, isFields, nextOf, queryValue, type Seen, strings } from './seen.ts'

type Follow = (book: Notebook, seen: Seen, hold: Hold) => void

/** What each success must show of what is there. */
export const reads: Readonly<Record<string, Follow>> = {
  getNote: (book, seen, hold) => {
    const note = placed(book, seen, hold)
    if (seen.status === 304) return
    expectFields(seen, note?.fields ?? {}, seen.answer, hold)
    learnNote(book, seen.answer)
  },
  getRevision: (book, seen, hold) => {
    placed(book, seen, hold)
    expectFields(seen, book.states.get(`${seen.params['note_id']} ${seen.params['version']}`) ?? {}, seen.answer, hold)
  },
  compareRevisions: (book, seen, hold) => {
    const current = placed(book, seen, hold)?.fields['version']
    const isCurrent = seen.query.has('against') || seen.answer['to_version'] === current
    hold(
      seen.operationId,
      seen,
      isCurrent,
      `compares with version ${String(seen.answer['to_version'])} and not with the one it has now`,
    )
  },
  listRevisions: (book, seen, hold) => {
    const version = Number(placed(book, seen, hold)?.fields['version'])
    const least = Math.max(1, version - seen.server.settings.historyVersions)
    const all = Array.from({ length: version - least + 1 }, (_, index) => ({ version: version - index }))
    expectPage(book, seen, all, hold)
  },
  listNotes: (book, seen, hold) => {
    const listed = listedNotes(book, seen)
    if (listed !== undefined) expectPage(book, seen, listed, hold)
  },
  listNoteSummaries: (book, seen, hold) => {
    const listed = listedNotes(book, seen)
    if (listed !== undefined) expectPage(book, seen, listed.map(summaryOf), hold)
  },
  listTrash: (book, seen, hold) => {
    const notes = inTrash(book).toSorted((a, b) => b.deleted - a.deleted)
    expectPage(
      book,
      seen,
      notes.map(({ fields }) => fields),
      hold,
    )
  },
  listChanges: (book, seen, hold) => {
    const changes = changesIn(seen)
    for (const { kind, note_id, version, note } of changes) {
      const known = book.notes.get(String(note_id))
      const place = kind === 'upsert' ? 'here' : kind === 'trash' ? 'trash' : undefined
      hold(
        seen.operationId,
        seen,
        known?.place === place,
        `${String(kind)} of a note that is ${known?.place ?? 'gone'}`,
      )
      if (isFields(note)) expectFields(seen, known?.fields ?? {}, note, hold)
      else if (known !== undefined) expectFields(seen, { version: known.fields['version'] }, { version }, hold)
    }
    if (seen.query.has('cursor') || seen.answer['has_more'] === true) return
    const listed = new Set(changes.map(({ note_id }) => note_id))
    const missing = [...book.notes.keys()].filter((id) => !listed.has(id))
    hold(seen.operationId, seen, missing.length === 0, `lacks ${missing.join()}`)
  },
  listTags: (book, seen, hold) => {
    const notes = here(book).map(({ fields }) => fields)
    if (notes.some((note) => !('tags' in note))) return
    const spellings = Map.groupBy(
      notes.flatMap((note) => strings(note['tags'])),
      tagKey,
    )
    const keys = [...spellings.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const tags = keys.map((key) => ({ tag: key, count: spellings.get(key)?.length }))
    expectPage(book, seen, tags, hold)
    const wrong = seen.items.filter(({ tag }) => !(spellings.get(tagKey(tag)) ?? []).includes(String(tag)))
    hold(seen.operationId, seen, wrong.length === 0, 'a tag in a spelling that no note has')
  },
}

/** All notes that a list has on all its pages, in their order; undefined if that is not certain. */
function listedNotes(book: Notebook, seen: Seen): Fields[] | undefined {
  const notes = here(book).map(({ fields }) => fields)
  const compare = orderOf(seen)
  if (compare === undefined || notes.some((note) => !isSortable(note, seen))) return undefined
  const sign = (queryValue(seen, 'sort') ?? '').startsWith('-') ? -1 : 1
  const byId = (a: Fields, b: Fields): number => (identityOf(a) < identityOf(b) ? -sign : sign)
  return notes.filter((note) => meetsAll(note, seen.query)).toSorted((a, b) => compare(a, b) || byId(a, b))
}

function summaryOf({ content, ...note }: Fields): Fields {
  if (typeof content !== 'string') return note
  const characters = Array.from(content)
  return { ...note, excerpt: characters.slice(0, 200).join(''), size: characters.length }
}

/** A failure tells of what is there too: 404 that there is no such thing, 412 and 409 what the note is. */
export function judgeFailure(book: Notebook, seen: Seen, hold: Hold): void {
  const { operationId, status, params, answer } = seen
  const note = book.notes.get(params['note_id'] ?? '')
  if (status === 404 && params['note_id'] !== undefined) {
    const wanted = operationId === 'restoreNote' || operationId === 'eraseNote' ? 'trash' : 'here'
    // Of a version that is not there the note may be.
    const isGone = note?.place !== wanted || isUnknownVersion(book, seen)
    hold(`${operationId} 404`, seen, isGone, 'not found, though it is there')
  }
  if (isFields(answer['current'])) expectFields(seen, note?.fields ?? {}, noteOf(seen), hold)
}

function isUnknownVersion({ states }: Notebook, { params, query }: Seen): boolean {
  const versions = [params['version'], query.get('against')].filter((version) => typeof version === 'string')
  return versions.some((version) => !states.has(`${params['note_id']} ${Number(version)}`))
}

function placed(book: Notebook, seen: Seen, hold: Hold): KnownNote | undefined {
  const note = book.notes.get(seen.params['note_id'] ?? '')
  hold(seen.operationId, seen, note?.place === 'here', `shows a note that is ${note?.place ?? 'nowhere'}`)
  return note
}

/** Whether all is certain that a note is listed and ordered by. Letters beyond ASCII are ordered by the database. */
function isSortable(note: Fields, seen: Seen): boolean {
  const isPlain = !(queryValue(seen, 'sort') ?? '').includes('title') || /^[\x20-\x7e]*$/.test(String(note['title']))
  return isPlain && 'tags' in note && 'updated_at' in note
}

/** One page of all that there is: where it begins is known from `skip`, or from the page that led to it. */
function expectPage(book: Notebook, seen: Seen, all: readonly Fields[], hold: Hold): void {
  const isFirst = !seen.query.has('cursor')
  const start = isFirst ? Number(seen.query.get('skip') ?? 0) : book.pages.get(seen.exchange.target)
  if (start === undefined) return
  const end = start + Number(queryValue(seen, 'limit'))
  const expected = all.slice(start, end)
  const [wanted, got] = [expected, seen.items].map((items) => items.map(identityOf).join())
  hold(
    seen.operationId,
    seen,
    wanted === got,
    `from ${start} to ${end} of ${all.length}: lists ${got} instead of ${wanted}`,
  )
  hold(
    seen.operationId,
    seen,
    (nextOf(seen) !== undefined) === end < all.length,
    `Link, where ${all.length} are there and ${end} were shown`,
  )
  const total = seen.headers['x-total-count']
  if (total !== undefined)
    hold(seen.operationId, seen, Number(total) === Math.min(all.length, 10_000), `${total} of ${all.length} counted`)
  for (const [index, item] of expected.entries()) {
    expectFields(seen, without(item, 'tag'), seen.items[index] ?? {}, hold)
  }
  const next = nextOf(seen)
  if (next !== undefined) book.pages.set(next, end)
}

function expectFields(seen: Seen, expected: Fields, answered: Fields, hold: Hold): void {
  const wrong = differing(expected, answered)
  hold(seen.operationId, seen, wrong.length === 0, `${wrong.join()} is not what it has to be`)
}
