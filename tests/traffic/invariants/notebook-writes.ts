import { isDeepStrictEqual } from 'node:util'
import { operationCalled } from '../../contract/harness/document-examples.ts'
import type { Hold } from './invariant.ts'
import {
  acted,
  CONTENT,
  differing,
  here,
  inTrash,
  learnNote,
  moveToTrash,
  nextVersion,
  normalTags,
  noteOf,
  type Notebook,
  pick,
  replaced,
  without,
  withoutTime,
} from './notebook.ts'
import { tagKey } from './order.ts'
import { namedVersions } from './preconditions.ts'
import { type Fields, isFields, type Seen, strings } from './seen.ts'

type Follow = (book: Notebook, seen: Seen, hold: Hold) => void

const newNote = operationCalled('createNote').body?.content.get('application/json')?.value['properties']
const defaults = Object.fromEntries(
  Object.entries(isFields(newNote) ? newNote : {}).flatMap(([name, schema]) =>
    isFields(schema) && 'default' in schema ? [[name, schema['default']]] : [],
  ),
)

/** What each success changes, and what its answer must therefore be. */
export const writes: Readonly<Record<string, Follow>> = {
  createNote: (book, seen, hold) => {
    const expected = { ...defaults, ...pick(seen.given), tags: normalTags(seen.given['tags']), version: 1 }
    expectNote(seen, expected, hold)
    hold('createNote', seen, !book.notes.has(String(seen.answer['id'])), 'a new note has an id that was there')
    learnNote(book, seen.answer)
  },
  updateNote: (book, seen, hold) => change(book, seen, (before) => replaced(before, seen.given), hold),
  patchNote: (book, seen, hold) => {
    const isMerging = seen.query.get('on_conflict') === 'merge'
    change(book, seen, (before) => (isMerging ? undefined : replaced(before, seen.given)), hold)
  },
  editNote: (book, seen, hold) => {
    const before = book.notes.get(seen.params['note_id'] ?? '')?.fields
    if (seen.answer['dry_run'] === true) return expectNote(seen, before ?? {}, hold)
    change(book, seen, (known) => ({ ...known, content: noteOf(seen)['content'] }), hold)
  },
  restoreRevision: (book, seen, hold) => {
    const state = book.states.get(`${seen.params['note_id']} ${Number(seen.params['version'])}`)
    change(book, seen, (before) => (state === undefined ? undefined : { ...before, ...state }), hold)
  },
  deleteNote: (book, seen, hold) => {
    isPlaced(book, seen, 'here', hold)
    const version = Number(book.notes.get(seen.params['note_id'] ?? '')?.fields['version'])
    // Its answer shows no note, so only here can be told which version was deleted.
    const isNamed = namedVersions(seen.asked['if-match'])?.includes(version) ?? true
    hold(
      'deleteNote',
      seen,
      isNamed || Number.isNaN(version),
      `deletes version ${version} for If-Match: ${seen.asked['if-match']}`,
    )
    moveToTrash(book, seen.params['note_id'] ?? '')
  },
  restoreNote: (book, seen, hold) => {
    isPlaced(book, seen, 'trash', hold)
    expectNote(seen, book.notes.get(seen.params['note_id'] ?? '')?.fields ?? {}, hold)
    learnNote(book, seen.answer)
  },
  eraseNote: (book, seen, hold) => {
    isPlaced(book, seen, 'trash', hold)
    book.notes.delete(seen.params['note_id'] ?? '')
  },
  emptyTrash: (book) => {
    for (const { fields } of inTrash(book)) book.notes.delete(String(fields['id']))
  },
  renameTags: (book, seen, hold) => {
    const from = new Set(strings(seen.given['from']).map(tagKey))
    const [to = ''] = normalTags([seen.given['to']])
    hold('renameTags', seen, seen.answer['tag'] === to, `renamed to ${String(seen.answer['tag'])}`)
    const isCertain = here(book).every(({ fields }) => 'tags' in fields)
    const due = here(book).filter(({ fields }) =>
      strings(fields['tags']).some((tag) => from.has(tagKey(tag)) && tag !== to),
    )
    const changed = seen.answer['changed']
    if (isCertain)
      hold('renameTags', seen, changed === due.length, `${String(changed)} changed, where ${due.length} notes had them`)
    for (const note of isCertain ? due : here(book)) {
      // In which place the new tag stands is not said.
      const risen = isCertain ? { version: Number(note.fields['version']) + 1 } : {}
      const fields = { ...without(note.fields, 'updated_at', 'tags', 'version'), ...risen }
      book.notes.set(String(note.fields['id']), { ...note, fields })
    }
  },
  changeNotes: (book, seen, hold) => {
    const [results, actions] = [seen.answer['results'], seen.given['actions']]
    if (!Array.isArray(results) || !Array.isArray(actions)) return
    for (const [index, result] of results.filter(isFields).entries())
      act(book, seen, actions[index] as Fields, result, hold)
  },
  deleteMe: (book) => book.notes.clear(),
}

/** A note that is changed where it is: what it becomes is its answer, with one more version if it is another. */
function change(book: Notebook, seen: Seen, of: (before: Fields) => Fields | undefined, hold: Hold): void {
  isPlaced(book, seen, 'here', hold)
  const before = book.notes.get(seen.params['note_id'] ?? '')?.fields ?? {}
  const after = of(before)
  const answered = noteOf(seen)
  if (after !== undefined && isWhole(before)) {
    const version = nextVersion(before, after)
    const expected = { ...withoutTime(after), version }
    expectNote(seen, expected, hold)
    const isTouched = before['updated_at'] !== answered['updated_at']
    hold(
      seen.operationId,
      seen,
      !('updated_at' in before) || isTouched === (version !== before['version']),
      'updated_at does not go with the version',
    )
  }
  learnNote(book, answered)
}

function act(book: Notebook, seen: Seen, action: Fields, result: Fields, hold: Hold): void {
  const id = String(result['note_id'])
  const note = book.notes.get(id)
  const isWanted = action['version'] === undefined || action['version'] === note?.fields['version']
  const mayBeThere =
    note !== undefined && (note.place === 'here' || action['action'] === 'trash' || action['action'] === 'restore')
  const status = !mayBeThere ? 404 : isWanted ? 200 : 412
  const answered = Number(result['status'])
  // A tag too many is a 422, which is judged elsewhere.
  hold(
    'changeNotes',
    seen,
    answered === status || answered === 422,
    `${String(action['action'])} of a note answers ${answered} instead of ${status}`,
  )
  if (answered !== 200 || note === undefined) return
  const after = acted(note.fields, action)
  if (after !== undefined && isWhole(note.fields)) {
    const version = nextVersion(note.fields, after)
    hold(
      'changeNotes',
      seen,
      result['version'] === version,
      `${String(action['action'])} makes version ${String(result['version'])} instead of ${version}`,
    )
    const isChanged = version !== note.fields['version']
    book.notes.set(id, { ...note, fields: isChanged ? { ...withoutTime(after), version } : note.fields })
    book.states.set(`${id} ${version}`, pick(after))
  } else {
    hold(
      'changeNotes',
      seen,
      after !== undefined || result['version'] === note.fields['version'],
      'a move changes the version',
    )
    const fields = { ...without(note.fields, 'updated_at', 'tags'), version: result['version'] }
    if (after !== undefined) book.notes.set(id, { ...note, fields })
  }
  if (action['action'] === 'trash') moveToTrash(book, id)
  if (action['action'] === 'restore') book.notes.set(id, { ...(book.notes.get(id) ?? note), place: 'here' })
}

function isPlaced(book: Notebook, seen: Seen, place: 'here' | 'trash', hold: Hold): void {
  const found = book.notes.get(seen.params['note_id'] ?? '')?.place ?? 'nowhere'
  hold(seen.operationId, seen, found === place, `succeeds with a note that is ${found}`)
}

function expectNote(seen: Seen, expected: Fields, hold: Hold): void {
  const wrong = differing(expected, noteOf(seen))
  hold(seen.operationId, seen, wrong.length === 0, `${wrong.join()} of the note is not what it has to be`)
}

function isWhole(fields: Fields): boolean {
  return CONTENT.every((name) => name in fields) && isDeepStrictEqual(fields['tags'], normalTags(fields['tags']))
}
