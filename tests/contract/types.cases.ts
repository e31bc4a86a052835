/**
 * What must not compile. `npm run typecheck` judges this file: a case that compiles after all is an unused
 * `@ts-expect-error`, which is an error. Nothing here runs.
 */
import type { components } from '../../generated/openapi.d.ts'
import type { EventOf, Handler, Handlers, Reply } from '../../src/contract/types.ts'
import type { Cases } from './foreign/cases.ts'
import type { prepare } from './operations.ts'

declare const handlers: Handlers
declare const note: components['schemas']['Note']
declare const user: components['schemas']['User']
declare const events: AsyncIterable<EventOf<'streamChanges'>>
const ended = { reason: 'server_stopping' } as const
const unbuffered = { 'X-Accel-Buffering': 'no' } as const
const ETag = '"1"'
const Location = '/notes/1'

async function* of<const E>(event: E): AsyncGenerator<E> {
  yield event
}

/** First what is allowed, so that the refusals below are for their one fault. */
export const allowed = {
  getNote: async ({ caller, path }, reply) =>
    path.note_id === caller.userId ? reply(200, note, { ETag }) : reply(304, undefined, { ETag }),
  createNote: async ({ body }, reply) => reply(201, { ...note, title: body.title }, { ETag, Location }),
  deleteNote: async ({ headers }, reply) => (headers['If-Match'] === undefined ? reply(204) : reply(204)),
  listNotes: async ({ query }, reply) =>
    query.limit > 1 ? reply(200, [note], { Link: '</notes>; rel="next"' }) : reply(200, []),
  getLiveness: async (_, reply) => reply(200, { status: 'alive' }),
  streamChanges: async ({ signal }, reply) =>
    reply(200, signal.aborted ? of({ event: 'end', data: ended }) : events, unbuffered),
} satisfies Partial<Handlers>
export const total: Handlers = { ...handlers, ...allowed }

const { getMe: _left, ...others } = handlers
// @ts-expect-error an operation without handler
export const incomplete: Handlers = others
// @ts-expect-error a misspelt operationId
export const misspelt: Handlers = { ...others, getMee: handlers.getMe }
// @ts-expect-error a handler of no operation
export const extra: Handlers = { ...handlers, getMee: handlers.getMe }
// @ts-expect-error the handler of another operation
export const swapped: Handlers = { ...handlers, getNote: handlers.listNotes }

export const replies: readonly [...Handler<'getNote'>[]] = [
  // @ts-expect-error an undocumented status
  async (_, reply) => reply(202, note, { ETag }),
  // @ts-expect-error a failure, which is thrown and not returned
  async (_, reply) => reply(404, note, { ETag }),
  // @ts-expect-error a missing header
  async (_, reply) => reply(200, note),
  // @ts-expect-error a missing header, of several none
  async (_, reply) => reply(200, note, {}),
  // @ts-expect-error an undeclared header
  async (_, reply) => reply(200, note, { ETag, 'X-Secret': 'x' }),
  // @ts-expect-error a header that the dispatcher adds
  async (_, reply) => reply(200, note, { ETag, 'X-Request-Id': 'x' }),
  // @ts-expect-error a wrong field
  async (_, reply) => reply(200, { ...note, version: '1' }, { ETag }),
  // @ts-expect-error a field that is null
  async (_, reply) => reply(200, { ...note, title: null }, { ETag }),
  // @ts-expect-error missing fields
  async (_, reply) => reply(200, { id: note.id, title: note.title }, { ETag }),
  // @ts-expect-error an excess field
  async (_, reply) => reply(200, { ...note, password_hash: 'x' }, { ETag }),
  // @ts-expect-error another schema
  async (_, reply) => reply(200, user, { ETag }),
  // @ts-expect-error no body where one is documented
  async (_, reply) => reply(200, undefined, { ETag }),
  // @ts-expect-error a body on a 304
  async (_, reply) => reply(304, note, { ETag }),
  // @ts-expect-error a plain object instead of a reply
  async () => ({ status: 200, body: note, headers: { ETag } }),
  // @ts-expect-error the reply of another operation
  async (): Promise<Reply<'createNote'>> => allowed.createNote({} as never, {} as never),
  // @ts-expect-error nothing
  async () => undefined,
  // @ts-expect-error a header the request does not declare
  async ({ headers }, reply) => reply(200, { ...note, title: headers['X-Title'] }, { ETag }),
]

export const streams: readonly [...Handler<'streamChanges'>[]] = [
  // @ts-expect-error a value where events are documented
  async (_, reply) => reply(200, { changes: [] }, unbuffered),
  // @ts-expect-error an event that is not documented
  async (_, reply) => reply(200, of({ event: 'rename', data: ended }), unbuffered),
  // @ts-expect-error the data of another event
  async (_, reply) => reply(200, of({ event: 'change', data: ended }), unbuffered),
  // @ts-expect-error a reason that is no text
  async (_, reply) => reply(200, of({ event: 'end', data: { reason: 1 } }), unbuffered),
  // @ts-expect-error a stream without its header
  async (_, reply) => reply(200, events),
]

// @ts-expect-error events where a value is documented
export const streamedNote: Handler<'getNote'> = async (_, reply) => reply(200, events, { ETag })
// @ts-expect-error a body on a 204
export const bodyOnDelete: Handler<'deleteNote'> = async (_, reply) => reply(204, note)
// @ts-expect-error `caller` on a public operation
export const publicCaller: Handler<'getLiveness'> = async ({ caller }, reply) => reply(200, { status: caller.userId })
// @ts-expect-error an undeclared query parameter
export const undeclaredQuery: Handler<'listNotes'> = async (r, reply) => reply(200, r.query.colour ? [] : [note])
// @ts-expect-error an undeclared path parameter
export const undeclaredPath: Handler<'getNote'> = async ({ path: { id } }, reply) =>
  reply(200, { ...note, id }, { ETag })
// @ts-expect-error an undeclared body field
export const undeclaredBody: Handler<'patchNote'> = async ({ body: { name } }, reply) =>
  reply(200, { ...note, title: name }, { ETag })
// @ts-expect-error a body where none is taken
export const bodyOfGet: Handler<'getNote'> = async (r, reply) => reply(200, { ...note, title: r.body.title }, { ETag })
// @ts-expect-error a request is not for changing
export const changedRequest: Handler<'listNotes'> = async (r, reply) => reply(200, [note].slice((r.query.limit += 1)))

const { getMe: _unprepared, ...prepared } = {} as typeof prepare
// @ts-expect-error an operation that the contract's own tests know no request for
export const unprepared: typeof prepare = prepared

const { getMe: _unnamed, ...named } = {} as Cases
// @ts-expect-error an operation that is not tried with foreign resources
export const untried: Cases = named
const { 'header/If-Match': _unsaid, ...said } = {} as Cases['deleteNote']
// @ts-expect-error a parameter without a case for what it names
export const unsaidParameter: Cases['deleteNote'] = said
const { 'body/actions/[]/note_id': _unsaidField, ...saidFields } = {} as Cases['changeNotes']
// @ts-expect-error a nested field of a body without a case for what it names
export const unsaidField: Cases['changeNotes'] = saidFields
