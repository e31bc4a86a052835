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
  registerUser: 'RateLimit-Policy' | 'RateLimit'
  createToken: 'RateLimit-Policy' | 'RateLimit'
  revokeToken: 'RateLimit-Policy' | 'RateLimit'
  getMe: 'RateLimit-Policy' | 'RateLimit'
  deleteMe: 'RateLimit-Policy' | 'RateLimit'
  updateMe: 'RateLimit-Policy' | 'RateLimit'
  changePassword: 'RateLimit-Policy' | 'RateLimit'
  getCredential: 'RateLimit-Policy' | 'RateLimit'
  listSessions: 'RateLimit-Policy' | 'RateLimit'
  revokeSession: 'RateLimit-Policy' | 'RateLimit'
  listSecurityEvents: 'RateLimit-Policy' | 'RateLimit' | 'Link'
  listApiKeys: 'RateLimit-Policy' | 'RateLimit'
  createApiKey: 'RateLimit-Policy' | 'RateLimit'
  revokeApiKey: 'RateLimit-Policy' | 'RateLimit'
  listNotes: 'RateLimit-Policy' | 'RateLimit' | 'Link' | 'X-Total-Count'
  createNote: 'RateLimit-Policy' | 'RateLimit' | 'Idempotency-Replayed'
  listNoteSummaries: 'RateLimit-Policy' | 'RateLimit' | 'Link' | 'X-Total-Count'
  changeNotes: 'RateLimit-Policy' | 'RateLimit'
  getNote: 'RateLimit-Policy' | 'RateLimit'
  updateNote: 'RateLimit-Policy' | 'RateLimit'
  deleteNote: 'RateLimit-Policy' | 'RateLimit'
  patchNote: 'RateLimit-Policy' | 'RateLimit'
  editNote: 'RateLimit-Policy' | 'RateLimit' | 'Idempotency-Replayed'
  listRevisions: 'RateLimit-Policy' | 'RateLimit' | 'Link'
  getRevision: 'RateLimit-Policy' | 'RateLimit'
  compareRevisions: 'RateLimit-Policy' | 'RateLimit'
  restoreRevision: 'RateLimit-Policy' | 'RateLimit'
  listTags: 'RateLimit-Policy' | 'RateLimit' | 'Link'
  renameTags: 'RateLimit-Policy' | 'RateLimit'
  listTrash: 'RateLimit-Policy' | 'RateLimit' | 'Link' | 'X-Total-Count'
  emptyTrash: 'RateLimit-Policy' | 'RateLimit'
  eraseNote: 'RateLimit-Policy' | 'RateLimit'
  restoreNote: 'RateLimit-Policy' | 'RateLimit'
  listChanges: 'RateLimit-Policy' | 'RateLimit' | 'Link'
  streamChanges: 'RateLimit-Policy' | 'RateLimit'
  getHealth: 'RateLimit-Policy' | 'RateLimit'
  getLiveness: 'RateLimit-Policy' | 'RateLimit'
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
