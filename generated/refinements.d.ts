// Generated from openapi.yaml by `npm run generate`. Do not edit.

/** Query parameters that are always there, because the contract has a default for them. */
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
  listNotes: 'limit'
  createNote: never
  getNote: never
  updateNote: never
  deleteNote: never
  patchNote: never
  getHealth: never
  getLiveness: never
}

/** Reply headers that need not be there. */
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
  createNote: never
  getNote: never
  updateNote: never
  deleteNote: never
  patchNote: never
  getHealth: never
  getLiveness: never
}
