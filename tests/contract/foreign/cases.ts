import type { OperationId } from '../../../src/contract/types.ts'
import { type Named, names, type Naming, nothing } from './naming.ts'
import type { PlaceOf } from './places.ts'

/** Total over the contract: an operation without an entry, or a place without one, does not compile. */
export type Cases = { readonly [K in OperationId]: { readonly [P in PlaceOf<K>]: Naming } }

const flag = nothing('a state to set or to look for')
const text = nothing('words to store')
const inText = nothing('a part of the text of the note that the path names')
const pageSize = nothing('a number of items')
const client = nothing('accepted and ignored')
const grant = nothing('chooses the kind of grant')
const scope = nothing('a scope of the contract')
const newPassword = nothing('words to store, as a hash')
/** Stored as spelt. The example is also a tag of the victim's, in another case. */
const tags = nothing('words to store')

const noteFields = {
  'body/title': text,
  'body/content': text,
  'body/is_public': flag,
  'body/tags/[]': tags,
  'body/is_pinned': flag,
  'body/is_archived': flag,
}

/** Compared with what the note of the path has, and not looked up. */
const noteAsRead = {
  'body/id': names('note', { told: "The caller's own note is named by the path; the reply says only what it has." }),
  'body/owner_id': nothing('what the caller read of its own note'),
  'body/version': names('version'),
  'body/created_at': nothing('what the caller read of its own note'),
  'body/updated_at': nothing('what the caller read of its own note'),
}

const takenEmail = names('email', { told: 'An address that has an account is refused with 409, as the contract says.' })

export const cases: Cases = {
  registerUser: { 'body/email': takenEmail, 'body/password': newPassword },
  createToken: {
    'body/grant_type': grant,
    'body/username': names('email', { leaves: ['security_events', 'The owner is told of failed logins.'] }),
    'body/password': names('password'),
    'body/refresh_token': names('refreshToken', {
      silent: 'A token of an ended session is of no use to its owner either.',
    }),
    'body/scope': scope,
    'body/client_id': client,
    'body/client_secret': client,
  },
  revokeToken: {
    // Only tokens that are of no use any more: with a live one the request is its owner's.
    'body/token': names('token', { silent: 'RFC 7009, section 2.2: an unknown token answers 200 as well.' }),
    'body/token_type_hint': client,
    'body/client_id': client,
    'body/client_secret': client,
  },
  getMe: {},
  updateMe: { 'body/email': takenEmail, 'body/current_password': names('password') },
  deleteMe: { 'body/current_password': names('password') },
  changePassword: {
    'body/current_password': names('password'),
    'body/new_password': newPassword,
    'body/revoke_api_keys': flag,
  },
  getCredential: {},
  listSessions: {},
  revokeSession: { 'path/session_id': names('session') },
  listSecurityEvents: { 'query/limit': pageSize, 'query/cursor': names('cursor') },
  listApiKeys: {},
  createApiKey: {
    'body/name': text,
    'body/scopes/[]': scope,
    'body/expires_in_days': nothing('a number of days'),
    'body/current_password': names('password'),
  },
  revokeApiKey: { 'path/key_id': names('apiKey') },
  listNotes: {
    'query/tag/[]': names('tag'),
    'query/is_public': flag,
    'query/is_pinned': flag,
    'query/is_archived': flag,
    'query/updated_since': nothing('a moment'),
    'query/sort': nothing('an order'),
    'query/limit': pageSize,
    'query/cursor': names('cursor'),
    'query/skip': pageSize,
    'query/count': flag,
  },
  listNoteSummaries: {
    'query/tag/[]': names('tag'),
    'query/is_public': flag,
    'query/is_pinned': flag,
    'query/is_archived': flag,
    'query/updated_since': nothing('a moment'),
    'query/sort': nothing('an order'),
    'query/limit': pageSize,
    'query/cursor': names('cursor'),
    'query/skip': pageSize,
    'query/count': flag,
  },
  createNote: { ...noteFields, 'header/Idempotency-Key': names('idempotencyKey') },
  getNote: { 'path/note_id': names('note'), 'header/If-None-Match': names('entityTag') },
  updateNote: { ...noteFields, ...noteAsRead, 'path/note_id': names('note'), 'header/If-Match': names('entityTag') },
  patchNote: {
    ...noteFields,
    ...noteAsRead,
    'path/note_id': names('note'),
    'header/If-Match': names('entityTag'),
    'query/on_conflict': nothing('chooses what a conflict leads to'),
  },
  deleteNote: { 'path/note_id': names('note'), 'header/If-Match': names('entityTag') },
  editNote: {
    'path/note_id': names('note'),
    'header/If-Match': names('entityTag'),
    'header/Idempotency-Key': names('idempotencyKey'),
    'body/dry_run': nothing('whether to write'),
    'body/edits/[]/op': nothing('the kind of an edit'),
    'body/edits/[]/text': text,
    'body/edits/[]/heading': inText,
    'body/edits/[]/within/[]': inText,
    'body/edits/[]/occurrence': nothing('a number of an occurrence'),
    'body/edits/[]/position': inText,
    'body/edits/[]/find': inText,
    'body/edits/[]/replace': text,
    'body/edits/[]/task': inText,
    'body/edits/[]/checked': flag,
  },
  changeNotes: {
    'body/actions/[]/note_id': names('note'),
    'body/actions/[]/action': nothing('the kind of an action'),
    'body/actions/[]/version': names('version'),
    'body/actions/[]/tags/[]': tags,
  },
  listRevisions: { 'path/note_id': names('note'), 'query/limit': pageSize, 'query/cursor': names('cursor') },
  getRevision: { 'path/note_id': names('note'), 'path/version': names('version') },
  compareRevisions: {
    'path/note_id': names('note'),
    'path/version': names('version'),
    'query/against': names('version'),
  },
  restoreRevision: {
    'path/note_id': names('note'),
    'path/version': names('version'),
    'header/If-Match': names('entityTag'),
  },
  listTags: { 'query/limit': pageSize, 'query/cursor': names('cursor') },
  renameTags: { 'body/from/[]': names('tag'), 'body/to': tags },
  listTrash: { 'query/limit': pageSize, 'query/cursor': names('cursor'), 'query/count': flag },
  emptyTrash: {},
  eraseNote: { 'path/note_id': names('note') },
  restoreNote: { 'path/note_id': names('note') },
  listChanges: { 'query/limit': pageSize, 'query/cursor': names('cursor') },
  streamChanges: { 'query/cursor': names('cursor'), 'header/Last-Event-ID': names('cursor') },
  getHealth: {},
  getLiveness: {},
}

/** What a place names; an error for one that the table lacks, which the types would have refused. */
export function namingOf(operationId: string, place: string): Naming {
  const entries: Readonly<Record<string, Naming>> = cases[operationId as OperationId]
  const naming = entries[place]
  if (naming === undefined) throw new Error(`The cases of ${operationId} do not say what ${place} names`)
  return naming
}

export function exceptionsOf(operationId: string, place: string): Omit<Named, 'names'> {
  const naming = namingOf(operationId, place)
  return naming.names === 'nothing' ? {} : naming
}

/** The places of an operation that name something. */
export function namedPlaces(operationId: string): { readonly place: string; readonly naming: Named }[] {
  const entries = Object.entries<Naming>(cases[operationId as OperationId])
  return entries.flatMap(([place, naming]) => (naming.names === 'nothing' ? [] : [{ place, naming }]))
}

/** Whether it is the thing that a request is about. */
export function isThing({ names: kind }: Naming): boolean {
  return kind === 'note' || kind === 'session' || kind === 'apiKey'
}
