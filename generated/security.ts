// Generated from openapi.yaml by `npm run generate`. Do not edit.

/** Every scope of the contract, in the order in which it declares them. */
export const scopes = ['account:read', 'account:write', 'keys:write', 'notes:read', 'notes:write', 'notes:erase'] as const
export type Scope = (typeof scopes)[number]

/** operationId to the scopes it needs; null: public. */
export const security = {
  registerUser: null,
  createToken: null,
  revokeToken: null,
  getMe: ['account:read'],
  deleteMe: ['account:write'],
  updateMe: ['account:write'],
  changePassword: ['account:write'],
  getCredential: [],
  listSessions: ['account:read'],
  revokeSession: ['account:write'],
  listSecurityEvents: ['account:read'],
  listApiKeys: ['account:read'],
  createApiKey: ['keys:write'],
  revokeApiKey: ['keys:write'],
  listNotes: ['notes:read'],
  createNote: ['notes:write'],
  listNoteSummaries: ['notes:read'],
  changeNotes: ['notes:write'],
  getNote: ['notes:read'],
  updateNote: ['notes:write'],
  deleteNote: ['notes:write'],
  patchNote: ['notes:write'],
  editNote: ['notes:write'],
  listRevisions: ['notes:read'],
  getRevision: ['notes:read'],
  compareRevisions: ['notes:read'],
  restoreRevision: ['notes:write'],
  listTags: ['notes:read'],
  renameTags: ['notes:write'],
  listTrash: ['notes:read'],
  emptyTrash: ['notes:erase'],
  eraseNote: ['notes:erase'],
  restoreNote: ['notes:write'],
  listChanges: ['notes:read'],
  streamChanges: ['notes:read'],
  getHealth: null,
  getLiveness: null,
} as const satisfies Record<string, readonly Scope[] | null>
