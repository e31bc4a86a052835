import { v7 as uuidv7 } from 'uuid'
import type { Handlers, Request } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import { Problem, validationFailed } from '../http/problem.ts'
import type { Cursors } from './cursor.ts'
import { etagOf, toNote } from './note.ts'
import { changeNote, findNote, insertNote, listNotes, type NoteRow, removeNote } from './notes.ts'
import { holdsCurrent, matchedVersions } from './preconditions.ts'

export interface NoteDeps {
  readonly db: Database
  readonly cursors: Cursors
}

type NoteOperation = 'listNotes' | 'createNote' | 'getNote' | 'updateNote' | 'patchNote' | 'deleteNote'

export function noteHandlers({ db, cursors }: NoteDeps): Pick<Handlers, NoteOperation> {
  /** PUT and PATCH alike: the fields given are replaced, the others kept. */
  const change = async ({ path, headers, body, caller }: Request<'updateNote' | 'patchNote'>): Promise<NoteRow> => {
    const versions = matchedVersions(headers['If-Match'])
    const row = isEmpty(body)
      ? await findUnchanged(db, caller.userId, path.note_id, versions)
      : await changeNote(db, caller.userId, path.note_id, versions, body)
    if (row === undefined) throw await refusal(db, caller.userId, path.note_id)
    return row
  }

  return {
    async listNotes({ query, caller }, reply) {
      const { limit, cursor, skip } = query
      if (cursor !== undefined && skip !== undefined) throw cursorAndSkip()
      const after = cursor === undefined ? undefined : cursors.read(caller.userId, cursor)
      const rows = await listNotes(db, caller.userId, { limit: limit + 1, after, skip: skip ?? 0 })
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      if (rows.length <= limit || last === undefined) return reply(200, page.map(toNote))
      const next = cursors.make(caller.userId, last)
      return reply(200, page.map(toNote), { Link: `</notes?limit=${limit}&cursor=${next}>; rel="next"` })
    },

    async createNote({ body, caller }, reply) {
      const row = await insertNote(db, caller.userId, { id: uuidv7(), ...body })
      return reply(201, toNote(row), { ETag: etagOf(row), Location: `/notes/${row.id}` })
    },

    async getNote({ path, headers, caller }, reply) {
      const row = await findNote(db, caller.userId, path.note_id)
      if (row === undefined) throw noSuchNote()
      if (holdsCurrent(headers['If-None-Match'], row)) return reply(304, undefined, { ETag: etagOf(row) })
      return reply(200, toNote(row), { ETag: etagOf(row) })
    },

    async updateNote(request, reply) {
      const row = await change(request)
      return reply(200, toNote(row), { ETag: etagOf(row) })
    },

    async patchNote(request, reply) {
      const row = await change(request)
      return reply(200, toNote(row), { ETag: etagOf(row) })
    },

    async deleteNote({ path, headers, caller }, reply) {
      const removed = await removeNote(db, caller.userId, path.note_id, matchedVersions(headers['If-Match']))
      if (!removed) throw await refusal(db, caller.userId, path.note_id)
      return reply(204)
    },
  }
}

function isEmpty(changes: object): boolean {
  return Object.keys(changes).length === 0
}

async function findUnchanged(
  db: Database,
  ownerId: string,
  noteId: string,
  versions: readonly number[] | undefined,
): Promise<NoteRow | undefined> {
  const row = await findNote(db, ownerId, noteId)
  return row === undefined || versions === undefined || versions.includes(row.version) ? row : undefined
}

/** Why a write found no row: the note changed, or it is not there (any more). */
async function refusal(db: Database, ownerId: string, noteId: string): Promise<Problem> {
  const row = await findNote(db, ownerId, noteId)
  if (row === undefined) return noSuchNote()
  return new Problem('note-changed', 'The note was changed since you read it.', {
    members: { current: toNote(row) },
    headers: { ETag: etagOf(row) },
  })
}

function noSuchNote(): Problem {
  return new Problem('not-found', 'There is no such note.')
}

function cursorAndSkip(): Problem {
  return validationFailed([
    { loc: ['query', 'skip'], pointer: '/skip', msg: 'Cannot be combined with cursor.', type: 'conflicting_parameters' },
  ])
}
