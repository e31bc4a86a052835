// Generated from openapi.yaml by `npm run generate`. Do not edit.

import type { components } from './openapi.d.ts'

/** Query parameters that always have a value, because the contract has a default for them. */
export interface DefaultedQuery {
  registerUser: never
  createToken: never
  revokeToken: never
  getMe: never
  deleteMe: never
  updateMe: never
  changePassword: never
  getCredential: never
  listSessions: never
  revokeSession: never
  listSecurityEvents: 'limit'
  listApiKeys: never
  createApiKey: never
  revokeApiKey: never
  listNotes: 'sort' | 'limit' | 'count'
  createNote: never
  listNoteSummaries: 'sort' | 'limit' | 'count'
  changeNotes: never
  getNote: never
  updateNote: never
  deleteNote: never
  patchNote: 'on_conflict'
  editNote: never
  listRevisions: 'limit'
  getRevision: never
  compareRevisions: never
  restoreRevision: never
  listTags: 'limit'
  renameTags: never
  listTrash: 'limit' | 'count'
  emptyTrash: never
  eraseNote: never
  restoreNote: never
  listChanges: 'limit'
  streamChanges: never
  getHealth: never
  getLiveness: never
}

/** Reply headers that may be missing. */
export interface OptionalReplyHeaders {
  registerUser: never
  createToken: never
  revokeToken: never
  getMe: never
  deleteMe: never
  updateMe: never
  changePassword: never
  getCredential: never
  listSessions: never
  revokeSession: never
  listSecurityEvents: 'Link'
  listApiKeys: never
  createApiKey: never
  revokeApiKey: never
  listNotes: 'Link' | 'X-Total-Count'
  createNote: 'Idempotency-Replayed'
  listNoteSummaries: 'Link' | 'X-Total-Count'
  changeNotes: never
  getNote: never
  updateNote: never
  deleteNote: never
  patchNote: never
  editNote: 'Idempotency-Replayed'
  listRevisions: 'Link'
  getRevision: never
  compareRevisions: never
  restoreRevision: never
  listTags: 'Link'
  renameTags: never
  listTrash: 'Link' | 'X-Total-Count'
  emptyTrash: never
  eraseNote: never
  restoreNote: never
  listChanges: 'Link'
  streamChanges: never
  getHealth: never
  getLiveness: never
}

/** Of replies that are event streams: the data of each event, by its name. */
export interface ReplyEvents {
  registerUser: never
  createToken: never
  revokeToken: never
  getMe: never
  deleteMe: never
  updateMe: never
  changePassword: never
  getCredential: never
  listSessions: never
  revokeSession: never
  listSecurityEvents: never
  listApiKeys: never
  createApiKey: never
  revokeApiKey: never
  listNotes: never
  createNote: never
  listNoteSummaries: never
  changeNotes: never
  getNote: never
  updateNote: never
  deleteNote: never
  patchNote: never
  editNote: never
  listRevisions: never
  getRevision: never
  compareRevisions: never
  restoreRevision: never
  listTags: never
  renameTags: never
  listTrash: never
  emptyTrash: never
  eraseNote: never
  restoreNote: never
  listChanges: never
  streamChanges: { ready: components['schemas']['StreamReady']; change: components['schemas']['ChangeNotice']; end: components['schemas']['StreamEnd'] }
  getHealth: never
  getLiveness: never
}
