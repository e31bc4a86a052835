import type { Lie } from '../lie.ts'

const gate = 'effects'

export const lies: readonly Lie[] = [
  {
    title: 'listNotes sorts in one direction, whatever the sign',
    gate,
    file: 'src/notes/list-notes.ts',
    from: "const isDescending = sort.startsWith('-')",
    to: 'const isDescending = sort.length > 0',
  },
  {
    title: 'listNotes treats is_pinned=false as no filter',
    gate,
    file: 'src/notes/list-notes.ts',
    from: 'wanted ? sql.ref(name) : sql`not ${sql.ref(name)}`',
    to: 'wanted || name !== `is_pinned` ? (wanted ? sql.ref(name) : sql`not ${sql.ref(name)}`) : sql`true`',
  },
  {
    title: 'updated_since leaves out the note that changed at exactly that moment',
    gate,
    file: 'src/notes/list-notes.ts',
    from: 'sql`updated_at >= ${filters.updated_since}::timestamptz`',
    to: 'sql`updated_at > ${filters.updated_since}::timestamptz`',
  },
  {
    title: 'listTags returns one tag more than limit',
    gate,
    file: 'src/notes/tags/tags.ts',
    from: 'const shown = rows.slice(0, page.limit)',
    to: 'const shown = rows.slice(0, page.limit + 1)',
  },
  {
    title: 'PUT and PATCH accept is_archived and ignore it',
    gate,
    file: 'src/notes/editing/requested-changes.ts',
    from: 'updated_at, ...changes } = body',
    to: 'updated_at, is_archived: _, ...changes } = body',
  },
  {
    title: 'remove_tags respects the case of a tag',
    gate,
    file: 'src/notes/editing/batch-handlers.ts',
    from: 'const gone = new Set(action.tags.map(tagKey))',
    to: 'const gone = new Set(action.tags)',
  },
  {
    title: 'a batch restores a note whatever version was required',
    gate,
    file: 'src/notes/editing/batch-handlers.ts',
    from: `const current = restored ?? (await lockNote(tx, ownerId, action.note_id))
  if (current === undefined) throw noSuchNote()
  requireVersion(current, action)`,
    to: `const current = restored ?? (await lockNote(tx, ownerId, action.note_id))
  if (current === undefined) throw noSuchNote()`,
  },
  {
    title: 'insert_under puts its text at the end, whatever its position',
    gate,
    file: 'src/text/edits.ts',
    from: "edit.position === 'start' ? insertAtStart : insertAtEnd",
    to: "edit.position === 'end' ? insertAtEnd : edit.heading === '' ? insertAtStart : insertAtEnd",
  },
  {
    title: 'every conflict is reported in line 1',
    gate,
    file: 'src/text/merge.ts',
    from: 'line: region.base.start + 1,',
    to: 'line: Math.min(region.base.start, 0) + 1,',
  },
  {
    title: 'a refresh that asks for fewer scopes gets all scopes of the session',
    gate,
    file: 'src/auth/session/token-handlers.ts',
    from: 'const scope = narrowScope(session.scope, body.scope)',
    to: 'const scope = isRefresh ? session.scope : narrowScope(session.scope, body.scope)',
  },
  {
    title: 'a refresh without scope gets more scopes than its session has',
    gate,
    file: 'src/auth/session/token-handlers.ts',
    from: 'const scope = narrowScope(session.scope, body.scope)',
    to: 'const scope = narrowScope(isRefresh && body.scope === undefined ? allScopes : session.scope, body.scope)',
  },
  {
    title: 'changePassword deletes the API keys although revoke_api_keys is false',
    gate,
    file: 'src/auth/account/account-handlers.ts',
    from: 'keepApiKeys: !body.revoke_api_keys',
    to: 'keepApiKeys: false',
  },
  {
    title: 'every session in the list is marked as the current one',
    gate,
    file: 'src/auth/session/session-handlers.ts',
    from: 'is_current: row.id === caller.credential.id',
    to: 'is_current: row.id !== caller.userId',
  },
  {
    title: 'a field that only the server changes may be sent with any value',
    gate,
    file: 'src/notes/editing/requested-changes.ts',
    from: '  if (errors.length > 0) throw validationFailed(errors)\n',
    to: '',
  },
  {
    title: 'times of a note that is sent back are compared by their digits',
    gate,
    file: 'src/notes/editing/requested-changes.ts',
    from: '? Date.parse(value) : value',
    to: '? value : value',
  },
]
