// Generated from openapi.yaml by `npm run generate`. Do not edit.

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
  listNotes: 'sort' | 'limit'
  createNote: never
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
  listTrash: 'limit'
  emptyTrash: never
  eraseNote: never
  restoreNote: never
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
  listNotes: 'Link'
  createNote: 'Idempotency-Replayed'
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
  listTrash: 'Link'
  emptyTrash: never
  eraseNote: never
  restoreNote: never
  getHealth: never
  getLiveness: never
}
