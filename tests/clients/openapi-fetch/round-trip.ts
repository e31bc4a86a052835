import createClient from 'openapi-fetch'
import { done, equal, nextCursor, present } from './expect.ts'
import type { components, paths } from './generated/schema.d.ts'

type Note = components['schemas']['Note']

const client = createClient<paths>({ baseUrl: present('the address of the server', process.argv[2]) })
const email = `openapi-fetch-${crypto.randomUUID()}@example.com`
const password = crypto.randomUUID()

const registered = await client.POST('/auth/register', { body: { email, password } })
equal('registering', registered.response.status, 201)
equal('the e-mail', registered.data?.email, email)

// The header decides the form of the body, and the type of the body is that of the form.
const { data: token, response: granted } = await client.POST('/auth/token', {
  body: { grant_type: 'password', username: email, password },
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
})
equal('the token', granted.status, 200)
const accessToken = present('the token', token).access_token
client.use({
  onRequest: ({ request }) => request.headers.set('Authorization', `Bearer ${accessToken}`),
})

const created: Note[] = []
for (const title of ['One', 'Two', 'Three', 'Four', 'Five']) {
  const { data, response } = await client.POST('/notes', {
    params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
    body: { title, content: `${title}.`, tags: ['round trip', title] },
  })
  equal('creating', response.status, 201)
  created.push(present('the note', data))
}

const listed: Note[] = []
let pages = 0
let cursor: string | undefined
do {
  const query = { limit: 2, tag: ['round trip'], ...(cursor === undefined ? {} : { cursor }) }
  const { data, response } = await client.GET('/notes', { params: { query } })
  equal('listing', response.status, 200)
  listed.push(...present('the page', data))
  pages += 1
  cursor = nextCursor(response.headers.get('Link'))
} while (cursor !== undefined)
equal('the pages', pages, 3)
equal(
  'the notes of all pages',
  listed.map(({ id }) => id),
  created.map(({ id }) => id).toReversed(),
)

const both = await client.GET('/notes', { params: { query: { tag: ['round trip', 'Two'] } } })
equal(
  'the notes with both tags',
  both.data?.map(({ title }) => title),
  ['Two'],
)

const note = present('a note', created[0])
const path = { note_id: note.id }
const read = await client.GET('/notes/{note_id}', { params: { path } })
const etag = present('the ETag', read.response.headers.get('ETag'))

const patch = {
  params: { path, header: { 'If-Match': etag } },
  body: { title: 'Renamed' },
  headers: { 'Content-Type': 'application/merge-patch+json' },
}
const patched = await client.PATCH('/notes/{note_id}', patch)
equal('patching', patched.response.status, 200)
equal('the version', patched.data?.version, note.version + 1)

const stale = await client.PATCH('/notes/{note_id}', { ...patch, body: { title: 'Too late' } })
equal('patching what was changed', stale.response.status, 412)
if (stale.error === undefined || !('current' in stale.error)) throw new Error('412 without the note as it is')
equal('the version in the 412', stale.error.current.version, note.version + 1)
equal('the title in the 412', stale.error.current.title, 'Renamed')

const edited = await client.POST('/notes/{note_id}/edits', {
  params: { path },
  body: { edits: [{ op: 'append', text: 'More.' }] },
})
equal('the edited content', edited.data?.note.content, 'One.\nMore.')

const invalid = await client.POST('/notes', { body: { title: '', content: 'No title.' } })
equal('an empty title', invalid.response.status, 422)
if (invalid.error === undefined || !('errors' in invalid.error)) throw new Error('422 without errors')
equal(
  'the faults',
  invalid.error.errors.map(({ pointer, type }) => `${pointer} ${type}`),
  ['/title string_too_short'],
)

const deleted = await client.DELETE('/notes/{note_id}', { params: { path } })
equal('deleting', deleted.response.status, 204)
const gone = await client.GET('/notes/{note_id}', { params: { path } })
equal('reading what was deleted', gone.response.status, 404)
equal('the problem of the 404', gone.error?.type, '/problems/not-found')

done({ created: created.length, pages, refused: 3 })

/** Never called: what must not compile, so that it is noticed when a type has become so loose that everything fits. */
export function wrongUse(): unknown {
  // @ts-expect-error a title is text
  void client.POST('/notes', { body: { title: 1, content: '' } })
  // @ts-expect-error a note has a title (a field too many, though, gets past this client's types)
  void client.POST('/notes', { body: { content: '' } })
  // @ts-expect-error there is no such order
  void client.GET('/notes', { params: { query: { sort: 'colour' } } })
  // @ts-expect-error there is no such edit
  void client.POST('/notes/{note_id}/edits', { params: { path }, body: { edits: [{ op: 'erase', text: '' }] } })
  // @ts-expect-error a tag is text
  return note.tags satisfies number[]
}
