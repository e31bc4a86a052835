import { done, equal, nextCursor, present } from './expect.ts'
import {
  createNote,
  createToken,
  deleteNote,
  editNote,
  getNote,
  listNotes,
  patchNote,
  registerUser,
  type Note,
} from './generated/notes.ts'

const email = `orval-${crypto.randomUUID()}@example.com`
const password = crypto.randomUUID()

process.env['NOTES_URL'] = present('the address of the server', process.argv[2])

const registered = await registerUser({ email, password })
if (registered.status !== 201) throw new Error(`registering: ${registered.status} ${registered.data.title}`)
equal('the e-mail', registered.data.email, email)

const granted = await createToken({ grant_type: 'password', username: email, password })
if (granted.status !== 200) throw new Error(`the token: ${granted.status} ${granted.data.title}`)
const asMe = { headers: { Authorization: `Bearer ${granted.data.access_token}` } }

const created: Note[] = []
for (const title of ['One', 'Two', 'Three', 'Four', 'Five']) {
  const reply = await createNote(
    { title, content: `${title}.`, tags: ['round trip', title] },
    { 'Idempotency-Key': crypto.randomUUID() },
    asMe,
  )
  if (reply.status !== 201) throw new Error(`creating: ${reply.status} ${reply.data.title}`)
  created.push(reply.data)
}

const listed: Note[] = []
let pages = 0
let cursor: string | undefined
do {
  const reply = await listNotes({ limit: 2, tag: ['round trip'], ...(cursor === undefined ? {} : { cursor }) }, asMe)
  if (reply.status !== 200) throw new Error(`listing: ${reply.status} ${reply.data.title}`)
  listed.push(...reply.data)
  pages += 1
  cursor = nextCursor(reply.headers.get('Link'))
} while (cursor !== undefined)
equal('the pages', pages, 3)
equal(
  'the notes of all pages',
  listed.map(({ id }) => id),
  created.map(({ id }) => id).toReversed(),
)

const both = await listNotes({ tag: ['round trip', 'Two'] }, asMe)
if (both.status !== 200) throw new Error(`listing by two tags: ${both.status} ${both.data.title}`)
equal(
  'the notes with both tags',
  both.data.map(({ title }) => title),
  ['Two'],
)

const note = present('a note', created[0])
const read = await getNote(note.id, {}, asMe)
const asRead = { 'If-Match': present('the ETag', read.headers.get('ETag')) }

const patched = await patchNote(note.id, { title: 'Renamed' }, {}, asRead, asMe)
if (patched.status !== 200) throw new Error(`patching: ${patched.status} ${patched.data.title}`)
equal('the version', patched.data.version, note.version + 1)

// The status decides the type: of 412 it is known that there is the note as it is now, of 422 that there are faults.
const stale = await patchNote(note.id, { title: 'Too late' }, {}, asRead, asMe)
if (stale.status !== 412) throw new Error(`patching what was changed: ${stale.status}`)
equal('the version in the 412', stale.data.current.version, note.version + 1)
equal('the title in the 412', stale.data.current.title, 'Renamed')

const edited = await editNote(note.id, { edits: [{ op: 'append', text: 'More.' }] }, {}, asMe)
if (edited.status !== 200) throw new Error(`editing: ${edited.status} ${edited.data.title}`)
equal('the edited content', edited.data.note.content, 'One.\nMore.')

const invalid = await createNote({ title: '', content: 'No title.' }, {}, asMe)
if (invalid.status !== 422) throw new Error(`an empty title: ${invalid.status}`)
equal(
  'the faults',
  invalid.data.errors.map(({ pointer, type }) => `${pointer} ${type}`),
  ['/title string_too_short'],
)

const deleted = await deleteNote(note.id, {}, asMe)
equal('deleting', deleted.status, 204)
const gone = await getNote(note.id, {}, asMe)
if (gone.status !== 404) throw new Error(`reading what was deleted: ${gone.status}`)
equal('the problem of the 404', gone.data.type, '/problems/not-found')

done({ created: created.length, pages, refused: 3 })

/** Never called: what must not compile, so that it is noticed when a type has become so loose that everything fits. */
export function wrongUse(): unknown {
  // @ts-expect-error a title is text
  void createNote({ title: 1, content: '' })
  // @ts-expect-error there is no such field
  void createNote({ title: '', content: '', colour: 'red' })
  // @ts-expect-error there is no such order
  void listNotes({ sort: 'colour' })
  // @ts-expect-error there is no such edit
  void editNote(note.id, { edits: [{ op: 'erase', text: '' }] })
  // @ts-expect-error a tag is text
  return note.tags satisfies number[]
}
