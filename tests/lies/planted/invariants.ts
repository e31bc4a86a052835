import type { Lie } from '../lie.ts'

const gate = 'invariants'

/** Bugs in one reply, or in one reply after another, that no single test may be looking at. */
export const lies: readonly Lie[] = [
  {
    title: 'the ETag of a 412 is the one that the caller sent',
    gate,
    file: 'src/notes/core/refusals.ts',
    from: `{ current: toNote(current), ...(base === undefined ? {} : { base: toRevision(base) }) },
    headers: { ETag: etagOf(current) },`,
    to: `{ current: toNote(current), ...(base === undefined ? {} : { base: toRevision(base) }) },
    headers: { ETag: etagOf(base ?? current) },`,
  },
  {
    title: 'Location of a new note holds the id of its owner',
    gate,
    file: 'src/notes/note-handlers.ts',
    from: 'addressOf(`/notes/${result.id}`)',
    to: 'addressOf(`/notes/${result.owner_id}`)',
  },
  {
    title: 'the Link of a list of notes forgets is_pinned',
    gate,
    file: 'src/contract/request/next-link.ts',
    from: 'if (!PAGE_PARAMETERS.has(name))',
    to: "if (!PAGE_PARAMETERS.has(name) && name !== 'is_pinned')",
  },
  {
    title: 'a result of a batch reveals the message of the database',
    gate: 'failures',
    file: 'src/notes/editing/batch-handlers.ts',
    from: 'title, detail: problem.message } }',
    to: 'title, detail: problem.cause instanceof Error ? problem.cause.message : problem.message } }',
  },
  {
    title: 'a key that cannot be revoked right now is not found, with the message of the driver',
    gate: 'failures',
    file: 'src/auth/api-key/key-handlers.ts',
    from:
      '  if (!(await deleteApiKey(db, key, client.address))) ' +
      `throw new Problem('not-found', 'There is no such API key.')`,
    to: `  const isDeleted = await deleteApiKey(db, key, client.address).catch((error: unknown) => {
    throw new Problem('not-found', String(error).slice(0, 200))
  })
  if (!isDeleted) throw new Problem('not-found', 'There is no such API key.')`,
  },
  {
    title: 'renaming a tag changes a note without a new time',
    gate,
    file: 'src/notes/tags/rename-tags.ts',
    from: 'update notes set version = version + 1, updated_at = clock_timestamp(),',
    to: 'update notes set version = version + 1,',
  },
  {
    title: 'a session makes API keys with scopes that it does not have',
    gate,
    file: 'src/auth/scopes.ts',
    from: 'if (granted.includes(scope)) return []',
    to: "if (granted.includes(scope) || granted.includes('keys:write')) return []",
  },
  {
    title: 'getCredential leaves out the operations that need no scope',
    gate,
    file: 'src/auth/scopes.ts',
    from: 'needed === null || needed.every((scope: Scope) => granted.includes(scope))',
    to: 'needed === null || needed.some((scope: Scope) => granted.includes(scope))',
  },
  {
    title: 'every API key lives for 90 days',
    gate,
    file: 'src/auth/api-key/api-keys.ts',
    from: 'make_interval(days => ${days})',
    to: 'make_interval(days => ${Math.max(days, 90)})',
  },
  {
    title: 'expires_in is the default and not the setting',
    gate,
    file: 'src/auth/session/token-handlers.ts',
    from: 'expires_in: tokens.accessTokenSeconds,',
    to: 'expires_in: Math.max(900, tokens.accessTokenSeconds),',
  },
  {
    title: 'a busy server asks its callers to wait for an hour',
    gate: 'failures',
    file: 'src/http/problem.ts',
    from: "headers: { 'Retry-After': 2 }",
    to: "headers: { 'Retry-After': 3600 }",
  },
  {
    title: 'a change names a credential that did not make it',
    gate,
    file: 'src/notes/core/note.ts',
    from: 'changed_by_id: credential.id }',
    to: "changed_by_id: credential.kind === 'api_key' ? credential.id.replace(/.$/, '0') : credential.id }",
  },
  {
    title: 'the event of an ended session does not say which',
    gate,
    file: 'src/auth/session/sessions.ts',
    from: "{ type: 'session_revoked', userId: session.userId, address, subjectId: session.id }",
    to: "{ type: 'session_revoked', userId: session.userId, address }",
  },
  {
    title: 'a revoked access token stays valid',
    gate,
    file: 'src/auth/credentials.ts',
    from: 'if (session !== undefined) await endSession(db, session, address)',
    to: "if (session !== undefined && credential.startsWith('nrt_')) await endSession(db, session, address)",
  },
]
