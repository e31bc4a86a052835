import { done, equal, nextCursor, present } from './expect.ts'
import { client } from './generated/client.gen.js'
import {
  createNote,
  createToken,
  deleteNote,
  editNote,
  getNote,
  listNotes,
  patchNote,
  registerUser,
} from './generated/sdk.gen.js'
import type { Note } from './generated/types.gen.js'

const email = `hey-api-${crypto.randomUUID()}@example.com`
const password = crypto.randomUUID()

client.setConfig({ baseUrl: present('the address of the server', process.argv[2]) })

const registered = await registerUser({ body: { email, password } })
equal('registering', registered.response?.status, 201)
equal('the e-mail', registered.data?.email, email)

const granted = await createToken({ body: { grant_type: 'password', username: email, password } })
equal('the token', granted.response?.status, 200)
const token = present('the token', granted.data)
// It is sent with the operations that want it, and with no other.
client.setConfig({ auth: token.access_token })

const created: Note[] = []
for (const title of ['One', 'Two', 'Three', 'Four', 'Five']) {
  const { data, response } = await createNote({
    headers: { 'Idempotency-Key': crypto.randomUUID() },
    body: { title, content: `${title}.`, tags: ['round trip', title] },
  })
  equal('creating', response?.status, 201)
  created.push(present('the note', data))
}

const listed: Note[] = []
let pages = 0
let cursor: string | undefined
do {
  const { data, response } = await listNotes({
    query: { limit: 2, tag: ['round trip'], ...(cursor === undefined ? {} : { cursor }) },
  })
  equal('listing', response?.status, 200)
  listed.push(...present('the page', data))
  pages += 1
  cursor = nextCursor(response?.headers.get('Link'))
} while (cursor !== undefined)
equal('the pages', pages, 3)
equal(
  'the notes of all pages',
  listed.map(({ id }) => id),
  created.map(({ id }) => id).toReversed(),
)

const both = await listNotes({ query: { tag: ['round trip', 'Two'] } })
equal(
  'the notes with both tags',
  both.data?.map(({ title }) => title),
  ['Two'],
)

const note = present('a note', created[0])
const path = { note_id: note.id }
const read = await getNote({ path })
const headers = { 'If-Match': present('the ETag', read.response?.headers.get('ETag')) }

const patched = await patchNote({ path, headers, body: { title: 'Renamed' } })
equal('patching', patched.response?.status, 200)
equal('the version', patched.data?.version, note.version + 1)

const stale = await patchNote({ path, headers, body: { title: 'Too late' } })
equal('patching what was changed', stale.response?.status, 412)
if (stale.error === undefined || !('current' in stale.error)) throw new Error('412 without the note as it is')
equal('the version in the 412', stale.error.current.version, note.version + 1)
equal('the title in the 412', stale.error.current.title, 'Renamed')

const edited = await editNote({ path, body: { edits: [{ op: 'append', text: 'More.' }] } })
equal('the edited content', edited.data?.note.content, 'One.\nMore.')

const invalid = await createNote({ body: { title: '', content: 'No title.' } })
equal('an empty title', invalid.response?.status, 422)
if (invalid.error === undefined || !('errors' in invalid.error)) throw new Error('422 without errors')
equal(
  'the faults',
  invalid.error.errors.map(({ pointer, type }) => `${pointer} ${type}`),
  ['/title string_too_short'],
)

const deleted = await deleteNote({ path })
equal('deleting', deleted.response?.status, 204)
const gone = await getNote({ path })
equal('reading what was deleted', gone.response?.status, 404)
equal('the problem of the 404', gone.error?.type, '/problems/not-found')

done({ created: created.length, pages, refused: 3 })

/** Never called: what must not compile, so that it is noticed when a type has become so loose that everything fits. */
export function wrongUse(): unknown {
  // @ts-expect-error a title is text
  void createNote({ body: { title: 1, content: '' } })
  // @ts-expect-error there is no such field
  void createNote({ body: { title: '', content: '', colour: 'red' } })
  // @ts-expect-error there is no such order
  void listNotes({ query: { sort: 'colour' } })
  // @ts-expect-error there is no such edit
  void editNote({ path, body: { edits: [{ op: 'erase', text: '' }] } })
  // @ts-expect-error a tag is text
  return note.tags satisfies number[]
}
