import type { Lie } from '../lie.ts'

/** Lies that no gate caught when they were first planted. Others like them are in the lists of their present gates. */
export const lies: readonly Lie[] = [
  {
    title: 'restoreRevision shows a foreign note in its 412',
    gate: 'foreign',
    file: 'src/notes/history/history-handlers.ts',
    from: `(tx) => changeNote(tx, target, (current) => restore(tx, current))`,
    to: `async (tx) => {
    const { requireMatch } = await import('../core/refusals.ts')
    const named = await tx.selectFrom('notes').selectAll().where('id', '=', path.note_id).executeTakeFirst()
    if (named !== undefined) await requireMatch(tx, named, ifMatch)
    return changeNote(tx, target, (current) => restore(tx, current))
  }`,
  },
  {
    title: 'a refresh without scope gives every scope',
    gate: 'invariants',
    file: 'src/auth/session/token-handlers.ts',
    from: 'const scope = narrowScope(session.scope, body.scope)',
    to: 'const scope = narrowScope(isRefresh && body.scope === undefined ? allScopes : session.scope, body.scope)',
  },
  {
    title: 'the ETag of restoreRevision is one version ahead',
    gate: 'invariants',
    file: 'src/notes/history/history-handlers.ts',
    from: '{ ETag: etagOf(row) }',
    to: '{ ETag: etagOf({ version: row.version + 1 }) }',
  },
  {
    title: 'the ETag of restoreNote is that of the first version',
    gate: 'invariants',
    file: 'src/notes/trash/trash-handlers.ts',
    from: '{ ETag: etagOf(row) }',
    to: '{ ETag: etagOf({ version: 1 }) }',
  },
  {
    title: 'a 503 carries the message of the driver',
    gate: 'failures',
    file: 'src/http/problem.ts',
    from: "unavailable('The server cannot reach its database right now.', error)",
    to: 'unavailable(`The server cannot reach its database right now: ${String(error)}`, error)',
  },
  {
    title: 'the trash reports that it erases at once',
    gate: 'numbers',
    file: 'src/notes/trash/trash.ts',
    from: 'deleted_at + make_interval(days => ${page.days}) as erased_after',
    to: 'deleted_at + make_interval(days => ${page.days} * 0) as erased_after',
  },
  {
    title: 'compareRevisions ignores against',
    gate: 'effects',
    file: 'src/notes/history/history-handlers.ts',
    from: 'query.against ?? note.version',
    to: 'note.version',
  },
  {
    title: 'the examples of createToken have a lifetime that no token has',
    gate: 'examples',
    file: 'openapi.yaml',
    from: 'expires_in: 900',
    to: 'expires_in: 1200',
    everywhere: true,
  },
  {
    title: 'the example of a refused login has a message that no server sends',
    gate: 'examples',
    file: 'openapi.yaml',
    from: 'detail: The e-mail or the password is wrong.',
    to: 'detail: This account does not exist.',
  },
  {
    title: 'the contract allows 10 wrong passwords',
    gate: 'numbers',
    file: 'openapi.yaml',
    from: '| wrong passwords from one address | 5 |',
    to: '| wrong passwords from one address | 10 |',
  },
  {
    title: 'a tag has another name',
    gate: 'evolution',
    file: 'openapi.yaml',
    from: 'system',
    to: 'server',
    everywhere: true,
  },
  {
    title: 'a type of problem has another name',
    gate: 'evolution',
    file: 'openapi.yaml',
    from: 'merge-conflict',
    to: 'edit-conflict',
    everywhere: true,
  },
]
