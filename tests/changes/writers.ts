import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '../../src/db/database.ts'
import { inTransaction, type Tx } from '../../src/db/transaction.ts'
import { changeNote } from '../../src/notes/core/change-note.ts'
import { lockNote } from '../../src/notes/core/lock-note.ts'
import { insertNote } from '../../src/notes/core/notes.ts'
import { NO_NOTE, renameTagsInBatch } from '../../src/notes/tags/rename-tags.ts'
import { eraseExpired, eraseTrash, eraseTrashed, moveToTrash, takeFromTrash } from '../../src/notes/trash/trash.ts'
import { type Random, randomFrom } from '../text/random.ts'

const author = { changed_by_kind: null, changed_by_id: null }
const TAGS = ['red', 'green', 'blue', 'grey']
const MAX_SLEEP_MS = 200
const TRASH_DAYS = 30

export interface WriterOptions {
  readonly owners: readonly string[]
  readonly seed: number
  /** How many transactions this writer makes. */
  readonly transactions: number
  /** Called after each COMMIT with the number of changes that it recorded. */
  readonly onCommit: (changes: number) => void
}

/** Undoes a transaction on purpose. */
class ChangeOfMind extends Error {}

/** Adds an account without a password. */
export async function newOwner(db: Database): Promise<string> {
  const id = uuidv7()
  await db.insertInto('users').values({ id, email: id, email_key: id, password_hash: '' }).execute()
  return id
}

/**
 * Changes notes in every way that the server can, by its own functions: one or several in a transaction. Some transactions
 * take their time, and some are rolled back.
 */
export async function runWriter(db: Database, options: WriterOptions): Promise<void> {
  const random = randomFrom(options.seed)
  for (let turn = 0; turn < options.transactions; turn += 1) {
    const ownerId = random.oneOf(options.owners)
    try {
      options.onCommit(await inTransaction(db, (tx) => transact(tx, ownerId, random)))
    } catch (error) {
      if (!(error instanceof ChangeOfMind)) throw error
    }
    // Lets the others write too, whose pool this is.
    await delay(0)
  }
}

async function transact(tx: Tx, ownerId: string, random: Random): Promise<number> {
  const [change] = weighted(random)
  const changes = await change(tx, ownerId, random)
  const sleep = random.below(4) === 0 ? random.below(MAX_SLEEP_MS) : 0
  if (sleep > 0) await sql`select pg_sleep(${sleep / 1_000})`.execute(tx)
  if (random.below(10) === 0) throw new ChangeOfMind()
  return changes
}

type Action = (tx: Tx, ownerId: string, random: Random) => Promise<number>

/** Each with the operations of the contract that do the same; the purge is a chore. */
const actions: readonly (readonly [Action, weight: number, operations: readonly string[]])[] = [
  [create, 10, ['createNote']],
  [edit, 6, ['updateNote', 'patchNote', 'editNote', 'restoreRevision']],
  [editSeveral, 3, ['changeNotes']],
  [editNothing, 1, []],
  [trash, 4, ['deleteNote']],
  [restore, 2, ['restoreNote']],
  [erase, 1, ['eraseNote']],
  [emptyTrash, 1, ['emptyTrash']],
  [purge, 1, []],
  [renameTag, 1, ['renameTags']],
]

/** The operations that the writers stand for. */
export const writtenOperations: readonly string[] = actions.flatMap(([, , operations]) => operations).toSorted()

function weighted(random: Random): readonly [Action] {
  let left = random.below(actions.reduce((sum, [, weight]) => sum + weight, 0))
  for (const [action, weight] of actions) {
    left -= weight
    if (left < 0) return [action]
  }
  return [create]
}

async function create(tx: Tx, ownerId: string, random: Random): Promise<number> {
  const count = 1 + random.below(3)
  for (let index = 0; index < count; index += 1) {
    const fields = { title: 'x', content: 'y'.repeat(1 + random.below(2_000)), tags: [random.oneOf(TAGS)] }
    const flags = { is_public: false, is_pinned: false, is_archived: false }
    await insertNote(tx, ownerId, { id: uuidv7(), ...fields, ...flags, ...author })
  }
  return count
}

async function edit(tx: Tx, ownerId: string, random: Random): Promise<number> {
  const [id] = await someNotes(tx, ownerId, 1)
  return id === undefined ? 0 : write(tx, ownerId, id, { content: `z${random.below(2 ** 30)}` })
}

async function editSeveral(tx: Tx, ownerId: string, random: Random): Promise<number> {
  let changes = 0
  for (const id of await someNotes(tx, ownerId, 5))
    changes += await write(tx, ownerId, id, { title: `t${random.below(2 ** 30)}` })
  return changes
}

async function editNothing(tx: Tx, ownerId: string): Promise<number> {
  const [id] = await someNotes(tx, ownerId, 1)
  if (id !== undefined) await write(tx, ownerId, id, {})
  return 0
}

async function trash(tx: Tx, ownerId: string): Promise<number> {
  const [id] = await someNotes(tx, ownerId, 1)
  const note = id === undefined ? undefined : await lockNote(tx, ownerId, id)
  if (note === undefined) return 0
  await moveToTrash(tx, note)
  return 1
}

async function restore(tx: Tx, ownerId: string): Promise<number> {
  const id = await someTrashed(tx, ownerId)
  return id !== undefined && (await takeFromTrash(tx, ownerId, id)) !== undefined ? 1 : 0
}

async function erase(tx: Tx, ownerId: string): Promise<number> {
  const id = await someTrashed(tx, ownerId)
  return id !== undefined && (await eraseTrashed(tx, ownerId, id)) ? 1 : 0
}

function emptyTrash(tx: Tx, ownerId: string): Promise<number> {
  return eraseTrash(tx, ownerId, 5)
}

/** Erases what has been in the trash for too long, after some of it has been made that old. */
async function purge(tx: Tx, _: string, random: Random): Promise<number> {
  await sql`
    update notes set deleted_at = now() - make_interval(days => ${TRASH_DAYS}, secs => 1) where id in (
      select id from notes where deleted_at is not null order by id limit ${1 + random.below(5)} for update skip locked)
  `.execute(tx)
  return eraseExpired(tx, TRASH_DAYS, 5)
}

async function renameTag(tx: Tx, ownerId: string, random: Random): Promise<number> {
  const [from, to] = [random.oneOf(TAGS), random.oneOf(TAGS)]
  const renamed = await renameTagsInBatch(tx, { ownerId, from: [from], to, author, historyVersions: 3 }, NO_NOTE, 10)
  return renamed?.changed ?? 0
}

async function write(tx: Tx, ownerId: string, noteId: string, fields: { title?: string; content?: string }) {
  const current = await lockNote(tx, ownerId, noteId)
  if (current === undefined) return 0
  const target = { ownerId, noteId, ifMatch: undefined, author, historyVersions: 3 }
  const { version } = await changeNote(tx, target, () => fields)
  return version - current.version
}

/** By their ids, as every transaction that locks several notes does. */
async function someNotes(tx: Tx, ownerId: string, count: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from (
      select id from notes where owner_id = ${ownerId} and deleted_at is null order by random() limit ${count}
    ) chosen order by id`.execute(tx)
  return rows.map(({ id }) => id)
}

async function someTrashed(tx: Tx, ownerId: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select id from notes where owner_id = ${ownerId} and deleted_at is not null order by random() limit 1`.execute(tx)
  return rows[0]?.id
}
