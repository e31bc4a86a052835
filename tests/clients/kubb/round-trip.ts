import { settings } from './client.ts'
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
} from './generated/index.ts'

const email = `kubb-${crypto.randomUUID()}@example.com`
const password = crypto.randomUUID()

settings.baseUrl = present('the address of the server', process.argv[2])

const registered = await registerUser({ email, password })
if (!registered.ok) throw new Error(`registering: ${registered.status} ${registered.error.title}`)
equal('the e-mail', registered.data.email, email)

const granted = await createToken({ grant_type: 'password', username: email, password })
if (!granted.ok) throw new Error(`the token: ${granted.status} ${granted.error.title}`)
settings.token = granted.data.access_token

const created: Note[] = []
for (const title of ['One', 'Two', 'Three', 'Four', 'Five']) {
  const reply = await createNote(
    { title, content: `${title}.`, tags: ['round trip', title] },
    { 'Idempotency-Key': crypto.randomUUID() },
  )
  if (!reply.ok) throw new Error(`creating: ${reply.status} ${reply.error.title}`)
  created.push(reply.data)
}

const listed: Note[] = []
let pages = 0
let cursor: string | undefined
do {
  const reply = await listNotes({ limit: 2, tag: ['round trip'], ...(cursor === undefined ? {} : { cursor }) })
  if (!reply.ok) throw new Error(`listing: ${reply.status} ${reply.error.title}`)
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

const both = await listNotes({ tag: ['round trip', 'Two'] })
if (!both.ok) throw new Error(`listing by two tags: ${both.status} ${both.error.title}`)
equal(
  'the notes with both tags',
  both.data.map(({ title }) => title),
  ['Two'],
)

const note = present('a note', created[0])
const read = await getNote(note.id)
const asRead = { 'If-Match': present('the ETag', read.headers.get('ETag')) }

const patched = await patchNote(note.id, { title: 'Renamed' }, {}, asRead)
if (!patched.ok) throw new Error(`patching: ${patched.status} ${patched.error.title}`)
equal('the version', patched.data.version, note.version + 1)

const stale = await patchNote(note.id, { title: 'Too late' }, {}, asRead)
equal('patching what was changed', stale.status, 412)
if (stale.ok || !('current' in stale.error)) throw new Error('412 without the note as it is')
equal('the version in the 412', stale.error.current.version, note.version + 1)
equal('the title in the 412', stale.error.current.title, 'Renamed')

const edited = await editNote(note.id, { edits: [{ op: 'append', text: 'More.' }] })
if (!edited.ok) throw new Error(`editing: ${edited.status} ${edited.error.title}`)
equal('the edited content', edited.data.note.content, 'One.\nMore.')

const invalid = await createNote({ title: '', content: 'No title.' })
equal('an empty title', invalid.status, 422)
if (invalid.ok || !('errors' in invalid.error)) throw new Error('422 without errors')
equal(
  'the faults',
  invalid.error.errors.map(({ pointer, type }) => `${pointer} ${type}`),
  ['/title string_too_short'],
)

const deleted = await deleteNote(note.id)
equal('deleting', deleted.status, 204)
const gone = await getNote(note.id)
equal('reading what was deleted', gone.status, 404)
equal('the problem of the 404', gone.ok ? undefined : gone.error.type, '/problems/not-found')

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
