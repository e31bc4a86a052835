import { randomUUID } from 'node:crypto'
import type { Json } from '../../src/contract/document/document.ts'
import type { Operation } from '../../src/contract/document/operations.ts'
import type { OperationId } from '../../src/contract/types.ts'
import { type Answer, ask, type AskOptions, logIn, type Person, enrol } from '../support/people.ts'
import type { TestServer } from '../support/server.ts'
import { encodeBody, exampleBody } from './harness/document-examples.ts'

/** What an operation needs to succeed beside what the contract says: method, path and media type come from there. */
interface Parts {
  readonly params?: Readonly<Record<string, string>>
  readonly body?: Json
  readonly headers?: Readonly<Record<string, string>>
}
/** Only by requests, so that what a client does can be recorded. */
type Prepare = (server: Pick<TestServer, 'url'>, person: Person) => Promise<Parts>

/** A request ready to be sent, but for its credential. */
export interface Attempt {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** One entry for each operation, for which it succeeds. A new operation without one does not compile. */
export const prepare: Record<OperationId, Prepare> = {
  registerUser: async () => ({ body: { ...exampleBody('registerUser'), email: `new-${randomUUID()}@example.com` } }),
  createToken: async (_, { email, password }) => ({
    body: { ...exampleBody('createToken'), username: email, password },
  }),
  revokeToken: async () => ({ body: exampleBody('revokeToken') }),
  getMe: nothing,
  // To the address it has already: the person goes on under it.
  updateMe: async (_, { email, password }) => ({ body: { email, current_password: password } }),
  deleteMe: async (_, { password }) => ({ body: { current_password: password } }),
  changePassword: async (_, { password }) => ({ body: { current_password: password, new_password: password } }),
  getCredential: nothing,
  listSessions: nothing,
  revokeSession: async (server, { email, password }) => {
    const other = await logIn(server, email, password)
    const { list } = await other.ask('GET', '/users/me/sessions')
    return { params: { session_id: String(list.find((session) => session['is_current'] === true)?.['id']) } }
  },
  listSecurityEvents: nothing,
  listApiKeys: async (_, person) => {
    await newApiKey(person)
    return {}
  },
  createApiKey: async (_, { password }) => ({ body: { ...exampleBody('createApiKey'), current_password: password } }),
  revokeApiKey: async (_, person) => ({ params: await newApiKey(person) }),
  listNotes: async (_, person) => {
    await newNote(person)
    return {}
  },
  listNoteSummaries: async (_, person) => {
    await newNote(person)
    return {}
  },
  createNote: async () => ({ body: exampleBody('createNote') }),
  getNote: async (_, person) => ({ params: await newNote(person) }),
  updateNote: async (_, person) => ({ params: await newNote(person), body: exampleBody('updateNote') }),
  patchNote: async (_, person) => ({ params: await newNote(person), body: exampleBody('patchNote') }),
  deleteNote: async (_, person) => ({ params: await newNote(person) }),
  editNote: async (_, person) => {
    const content = 'Due tomorrow.\n\n## Shopping\n\n- [ ] milk\n'
    return { params: await newNote(person, { content }), body: exampleBody('editNote') }
  },
  listRevisions: async (_, person) => {
    const params = await newNote(person)
    await person.ask('PUT', `/notes/${params.note_id}`, { body: exampleBody('updateNote') })
    return { params }
  },
  getRevision: async (_, person) => ({ params: { ...(await newNote(person)), version: '1' } }),
  compareRevisions: async (_, person) => {
    const params = await newNote(person)
    await person.ask('PUT', `/notes/${params.note_id}`, { body: { content: 'Hello\nWorld\n' } })
    return { params: { ...params, version: '1' } }
  },
  restoreRevision: async (_, person) => {
    const params = await newNote(person)
    await person.ask('PUT', `/notes/${params.note_id}`, { body: exampleBody('updateNote') })
    return { params: { ...params, version: '1' } }
  },
  changeNotes: async (_, person) => ({ body: { actions: [{ ...(await newNote(person)), action: 'archive' }] } }),
  listTags: async (_, person) => {
    await newNote(person, { tags: ['groceries'] })
    return {}
  },
  renameTags: async () => ({ body: exampleBody('renameTags') }),
  listTrash: async (_, person) => {
    await trashedNote(person)
    return {}
  },
  emptyTrash: async (_, person) => {
    await trashedNote(person)
    return {}
  },
  eraseNote: async (_, person) => ({ params: await trashedNote(person) }),
  restoreNote: async (_, person) => ({ params: await trashedNote(person) }),
  listChanges: async (_, person) => {
    await newNote(person)
    return {}
  },
  streamChanges: nothing,
  getHealth: nothing,
  getLiveness: nothing,
}

async function nothing(): Promise<Parts> {
  return {}
}

async function newNote(person: Person, fields: Readonly<Record<string, unknown>> = {}): Promise<{ note_id: string }> {
  const { status, body, text } = await person.ask('POST', '/notes', {
    body: { ...exampleBody('createNote'), ...fields },
  })
  if (status !== 201) throw new Error(`A note to work on could not be made: ${text}`)
  return { note_id: String(body['id']) }
}

async function newApiKey(person: Person): Promise<{ key_id: string }> {
  const { status, body, text } = await person.ask('POST', '/api-keys', {
    body: { ...exampleBody('createApiKey'), current_password: person.password },
  })
  if (status !== 201) throw new Error(`An API key to work on could not be made: ${text}`)
  return { key_id: String(body['id']) }
}

/** Operations after which their caller is not what it was: the account is gone, its keys are, or their number rose. */
const CHANGES_CALLER: ReadonlySet<string> = new Set([
  'deleteMe',
  'changePassword',
  'listApiKeys',
  'createApiKey',
  'revokeApiKey',
])

/** Who is to call an operation: the person whom a file shares, or somebody new where that one would not survive it. */
export async function callerFor({ operationId }: Operation, server: TestServer, shared: Person): Promise<Person> {
  return CHANGES_CALLER.has(operationId) ? enrol(server) : shared
}

async function trashedNote(person: Person): Promise<{ note_id: string }> {
  const params = await newNote(person)
  const { status, text } = await person.ask('DELETE', `/notes/${params.note_id}`)
  if (status !== 204) throw new Error(`A note could not be moved to the trash: ${text}`)
  return params
}

/** A request of `person` for which the operation succeeds. */
export async function wellFormed(
  operation: Operation,
  server: Pick<TestServer, 'url'>,
  person: Person,
): Promise<Attempt> {
  const { params = {}, body, headers = {} } = await prepare[operation.operationId as OperationId](server, person)
  const path = fillIn(operation.path, (name) => params[name] ?? failOn(operation, name))
  const [mediaType = 'application/json'] = operation.body?.content.keys() ?? []
  const given = body === undefined ? {} : { 'Content-Type': mediaType }
  const text = body === undefined ? undefined : encodeBody(mediaType, body)
  return { method: operation.method.toUpperCase(), path, body: text, headers: { ...given, ...headers } }
}

/** The same request with ids that nobody has; undefined for an operation without ids. */
export function withUnknownIds(operation: Operation, attempt: Attempt): Attempt | undefined {
  if (!operation.path.includes('{')) return undefined
  const given = attempt.path.split('/')
  const place = (name: string) => operation.path.split('/').indexOf(`{${name}}`)
  // A version is no id: it stays.
  return {
    ...attempt,
    path: fillIn(operation.path, (name) => (name.endsWith('_id') ? randomUUID() : String(given[place(name)]))),
  }
}

export function send(
  server: Pick<TestServer, 'url'>,
  attempt: Attempt,
  authorization: string | undefined,
  options: Pick<AskOptions, 'onReady'> = {},
): Promise<Answer> {
  const credential = authorization === undefined ? {} : { Authorization: authorization }
  return ask(server, attempt.method, attempt.path, {
    body: attempt.body,
    headers: { ...attempt.headers, ...credential },
    ...options,
  })
}

export function isSuccess({ status }: Pick<Answer, 'status'>): boolean {
  return status >= 200 && status < 300
}

function fillIn(template: string, valueOf: (name: string) => string): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => valueOf(name))
}

function failOn({ operationId }: Operation, name: string): never {
  throw new Error(`prepare.${operationId} gives no ${name}`)
}
