import { isDeepStrictEqual } from 'node:util'
import type { ZodType, input } from 'zod'
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
import {
  CreateNote201Response,
  CreateNote422Response,
  CreateNoteBody,
  CreateNoteHeader,
  CreateToken200Response,
  CreateTokenBody,
  EditNote200Response,
  EditNoteBody,
  GetNote200Response,
  GetNote404Response,
  ListNotes200Response,
  ListNotesQueryParams,
  PatchNote200Response,
  PatchNote412Response,
  PatchNoteBody,
  PatchNoteHeader,
  RegisterUser201Response,
  RegisterUserBody,
} from './generated/schemas.ts'

/** A reply through the schema of its status: the schema takes it, and knows each of its fields. */
function read<Reply>(
  reply: { readonly status: number; readonly data: unknown },
  status: number,
  schema: ZodType<Reply>,
): Reply {
  if (reply.status !== status) throw new Error(`${reply.status}, should be ${status}: ${JSON.stringify(reply.data)}`)
  const data = schema.parse(reply.data)
  if (!isDeepStrictEqual(data, reply.data)) throw new Error(`The schema drops parts of ${JSON.stringify(reply.data)}`)
  return data
}

/** Whether the schema of a request takes it. */
function takes<Schema extends ZodType>(schema: Schema, request: input<Schema>): boolean {
  return schema.safeParse(request).success
}

process.env['NOTES_URL'] = present('the address of the server', process.argv[2])

const account = RegisterUserBody.parse({
  email: `orval-zod-${crypto.randomUUID()}@example.com`,
  password: crypto.randomUUID(),
})
const registered = read(await registerUser(account), 201, RegisterUser201Response)
equal('the e-mail', registered.email, account.email)

const grant = CreateTokenBody.parse({ grant_type: 'password', username: account.email, password: account.password })
const token = read(await createToken(grant), 200, CreateToken200Response)
const asMe = { headers: { Authorization: `Bearer ${token.access_token}` } }

const created: Note[] = []
for (const title of ['One', 'Two', 'Three', 'Four', 'Five']) {
  const body = CreateNoteBody.parse({ title, content: `${title}.`, tags: ['round trip', title] })
  equal('the default of is_public', body.is_public, false)
  const headers = CreateNoteHeader.parse({ 'Idempotency-Key': crypto.randomUUID() })
  created.push(read(await createNote(body, headers, asMe), 201, CreateNote201Response))
}

const listed: Note[] = []
let pages = 0
let cursor: string | undefined
do {
  const query = { limit: 2, tag: ['round trip'], ...(cursor === undefined ? {} : { cursor }) }
  const reply = await listNotes(ListNotesQueryParams.parse(query), asMe)
  listed.push(...read(reply, 200, ListNotes200Response))
  pages += 1
  cursor = nextCursor(reply.headers.get('Link'))
} while (cursor !== undefined)
equal('the pages', pages, 3)
equal(
  'the notes of all pages',
  listed.map(({ id }) => id),
  created.map(({ id }) => id).toReversed(),
)

const note = present('a note', created[0])
const reply = await getNote(note.id, {}, asMe)
equal('the note', read(reply, 200, GetNote200Response).title, 'One')
const asRead = PatchNoteHeader.parse({ 'If-Match': present('the ETag', reply.headers.get('ETag')) })

const change = PatchNoteBody.parse({ title: 'Renamed' })
const patched = read(await patchNote(note.id, change, {}, asRead, asMe), 200, PatchNote200Response)
equal('the version', patched.version, note.version + 1)

const stale = read(await patchNote(note.id, change, {}, asRead, asMe), 412, PatchNote412Response)
equal('the version in the 412', stale.current.version, note.version + 1)
equal('the title in the 412', present('the base', stale.base).title, 'One')

const edits = EditNoteBody.parse({ edits: [{ op: 'append', text: 'More.' }] })
const edited = read(await editNote(note.id, edits, {}, asMe), 200, EditNote200Response)
equal('the edited content', edited.note.content, 'One.\nMore.')

// The schema of the request refuses what the server refuses, and says the same place.
const untitled = { title: '', content: 'No title.' }
const fault = CreateNoteBody.safeParse(untitled).error?.issues[0]
equal('the fault before it is sent', `${fault?.path.join('/')} ${fault?.code}`, 'title too_small')
const invalid = read(await createNote(untitled, {}, asMe), 422, CreateNote422Response)
equal(
  'the faults',
  invalid.errors.map(({ pointer, type }) => `${pointer} ${type}`),
  ['/title string_too_short'],
)

// The patterns keep their meaning: a title is a line, and a tag has single blanks.
for (const title of ['two\nlines', 'two\u2028lines', 'a tab\t.', ' \u3000']) {
  equal(`whether a title may be ${JSON.stringify(title)}`, takes(CreateNoteBody, { title }), false)
  equal('the status', (await createNote({ title }, {}, asMe)).status, 422)
}
for (const tag of ['two  blanks', ' before', 'next\u0085line'])
  equal(`whether a tag may be ${JSON.stringify(tag)}`, takes(CreateNoteBody, { title: 'Tags', tags: [tag] }), false)
// Lengths are counted in characters on both sides.
for (const [length, may] of [
  [500, true],
  [501, false],
] as const) {
  const title = '\u{1F389}'.repeat(length)
  equal(`whether ${length} emoji may be a title`, takes(CreateNoteBody, { title }), may)
  equal('the status', (await createNote({ title }, {}, asMe)).status, may ? 201 : 422)
}
equal('whether Chinese may be a title', takes(CreateNoteBody, { title: '你好，世界', tags: ['工作'] }), true)

equal('deleting', (await deleteNote(note.id, {}, asMe)).status, 204)
const gone = read(await getNote(note.id, {}, asMe), 404, GetNote404Response)
equal('the problem of the 404', gone.type, '/problems/not-found')

done({ created: created.length, pages, refused: 3 })

/** Never called: what must not compile, so that it is noticed when a type has become so loose that everything fits. */
export function wrongUse(): unknown {
  // @ts-expect-error a title is text
  void takes(CreateNoteBody, { title: 1 })
  // @ts-expect-error there is no such order
  void takes(ListNotesQueryParams, { sort: 'colour' })
  // @ts-expect-error there is no such edit
  void takes(EditNoteBody, { edits: [{ op: 'erase', text: '' }] })
  // @ts-expect-error a version is a number
  return patched.version satisfies string
}
