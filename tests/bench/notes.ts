/**
 * The cost of notes as they grow: `node tests/bench/notes.ts`. Measures a history of 1000 versions of a note of 100 kB,
 * and lists of 100 000 notes of one owner, with the plans of their statements. Not a test: machines differ.
 */
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '../../src/db/database.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import type { Position } from '../../src/http/cursor.ts'
import { countNotes, readNotes, readSummaries, type NoteFilters, type NoteListing } from '../../src/notes/list-notes.ts'
import { findNote, insertNote } from '../../src/notes/core/notes.ts'
import { findRevision, readRevisions } from '../../src/notes/history/revisions.ts'
import { readTags } from '../../src/notes/tags/tags.ts'
import { unifiedDiff } from '../../src/text/diff.ts'
import { readTrash } from '../../src/notes/trash/trash.ts'
import { lockNote } from '../../src/notes/core/lock-note.ts'
import { writeNote } from '../../src/notes/core/write-note.ts'
import { fillNotes, plansOf } from '../support/plans.ts'
import { openBenchDatabase } from './database.ts'
import { print } from '../support/print.ts'

const VERSIONS = 1_000
const NOTES = 100_000
const author = { changed_by_kind: null, changed_by_id: null }

const { connection, db, close } = await openBenchDatabase()
try {
  await measureHistory(await newOwner())
  await measureGrowth(await newOwner())
} finally {
  await close()
}

async function newOwner(): Promise<string> {
  const id = uuidv7()
  await db.insertInto('users').values({ id, email: id, email_key: id, password_hash: '' }).execute()
  return id
}

async function measureHistory(ownerId: string): Promise<void> {
  const random = randomFrom(1)
  const words = Array.from({ length: 5_000 }, () =>
    Array.from({ length: 3 + random(8) }, () => String.fromCodePoint(97 + random(26))).join(''),
  )
  const line = (): string => Array.from({ length: 4 + random(12) }, () => words[random(words.length)]).join(' ')
  const lines: string[] = []
  for (let size = 0; size < 100_000; size += (lines.at(-1)?.length ?? 0) + 1) lines.push(line())
  const fields = { title: 'History', is_public: false, tags: [], is_pinned: false, is_archived: false, ...author }
  const { id } = await inTransaction(db, (tx) =>
    insertNote(tx, ownerId, { id: uuidv7(), content: lines.join('\n'), ...fields }),
  )
  const writes: number[] = []
  for (let version = 1; version < VERSIONS; version += 1) {
    lines[random(lines.length)] = line()
    writes.push(await time(() => write(ownerId, id, lines.join('\n'))))
  }
  const note = await findNote(db, ownerId, id)
  if (note === undefined) throw new Error('The note is gone')
  const { rows } = await sql<{ texts: number; revisions: number; raw: number }>`select
    pg_total_relation_size('note_texts') as texts, pg_total_relation_size('note_revisions') as revisions,
    (select sum(octet_length(data)) from note_texts) as raw`.execute(db)
  const [size] = rows
  print(`history: ${VERSIONS} versions of ${note.content.length} bytes, a line changed in each`)
  print(
    `  on disk ${mb(size?.texts)} texts + ${mb(size?.revisions)} revisions; ` +
      `compressed ${mb(size?.raw)} of ${mb(VERSIONS * note.content.length)}`,
  )
  print(`  write one   ${summary(writes)}`)
  const versions = Array.from({ length: 200 }, () => 1 + random(VERSIONS))
  const reads: number[] = []
  const diffs: number[] = []
  for (const version of [1, VERSIONS - 1, ...versions]) {
    reads.push(await time(() => findRevision(db, note, version)))
    diffs.push(
      await time(async () =>
        unifiedDiff((await findRevision(db, note, version))?.content ?? '', note.content, { before: 'a', after: 'b' }),
      ),
    )
  }
  print(`  read one    ${summary(reads)}`)
  print(`  compare     ${summary(diffs)}`)
  print(`  list 100    ${summary([await time(() => readRevisions(db, note, { limit: 100, before: VERSIONS }))])}`)
}

async function write(ownerId: string, id: string, content: string): Promise<void> {
  await inTransaction(db, async (transaction) => {
    const current = await lockNote(transaction, ownerId, id)
    if (current !== undefined) await writeNote(transaction, current, { content }, { author, historyVersions: VERSIONS })
  })
}

async function measureGrowth(ownerId: string): Promise<void> {
  await fillNotes(db, ownerId, NOTES)
  await fillNotes(db, await newOwner(), NOTES)
  const none: NoteFilters = {
    tags: [],
    is_public: undefined,
    is_pinned: undefined,
    is_archived: undefined,
    updated_since: undefined,
  }
  const page = (given: Partial<NoteListing> = {}): NoteListing => ({
    filters: none,
    sort: '-created_at',
    limit: 20,
    after: undefined,
    skip: 0,
    isWhole: false,
    ...given,
  })
  const thousandth = async (sort: NoteListing['sort'], filters = none): Promise<Position | undefined> => {
    let after: Position | undefined
    for (let skipped = 0; skipped < 999 * 20;) {
      const limit = Math.min(5_000, 999 * 20 - skipped)
      ;({ end: after } = await readNotes(db, ownerId, page({ sort, filters, limit, after })))
      skipped += limit
    }
    return after
  }
  const far = { created: await thousandth('-created_at'), title: await thousandth('title') }
  const since = new Date(Date.now() - 600_000).toISOString()
  const cases: [string, (on: Database) => Promise<unknown>][] = [
    ['page 1', (on) => readNotes(on, ownerId, page())],
    ['page 1000 by cursor', (on) => readNotes(on, ownerId, page({ after: far.created }))],
    ['page 1 by title', (on) => readNotes(on, ownerId, page({ sort: 'title' }))],
    ['page 1000 by title', (on) => readNotes(on, ownerId, page({ sort: 'title', after: far.title }))],
    ['page 1 by -updated_at', (on) => readNotes(on, ownerId, page({ sort: '-updated_at' }))],
    [
      'updated in the last 10 minutes',
      (on) => readNotes(on, ownerId, page({ sort: '-updated_at', filters: { ...none, updated_since: since } })),
    ],
    ['a tag of 10 000 notes', (on) => readNotes(on, ownerId, page({ filters: { ...none, tags: ['common'] } }))],
    ['a tag of 10 notes', (on) => readNotes(on, ownerId, page({ filters: { ...none, tags: ['rare'] } }))],
    [
      'both tags, by title',
      (on) => readNotes(on, ownerId, page({ sort: 'title', filters: { ...none, tags: ['common', 'rare'] } })),
    ],
    ['pinned', (on) => readNotes(on, ownerId, page({ filters: { ...none, is_pinned: true } }))],
    ['not archived', (on) => readNotes(on, ownerId, page({ filters: { ...none, is_archived: false } }))],
    ['summaries, page 1', (on) => readSummaries(on, ownerId, page())],
    ['counted', (on) => countNotes(on, ownerId, none)],
    ['counted, not archived', (on) => countNotes(on, ownerId, { ...none, is_archived: false })],
    ['counted, a tag of 10 000 notes', (on) => countNotes(on, ownerId, { ...none, tags: ['common'] })],
    ['counted, both tags', (on) => countNotes(on, ownerId, { ...none, tags: ['common', 'rare'] })],
    ['trash, page 1', (on) => readTrash(on, ownerId, { limit: 20, after: undefined, days: 30 })],
    ['tags with counts', (on) => readTags(on, ownerId, { limit: 20, after: undefined })],
  ]
  print(`growth: ${NOTES} notes of one owner beside as many of another's, 20 a page`)
  for (const [name, run] of cases) {
    const times: number[] = []
    for (let round = 0; round < 20; round += 1) times.push(await time(() => run(db)))
    const plans = await plansOf(connection, run)
    const scans = plans
      .flatMap(({ lines }) => lines)
      .flatMap((line) => /(?:Seq|Index Only|Index|Bitmap Heap) Scan[^(]*/.exec(line)?.[0].trim() ?? [])
    print(`  ${name.padEnd(32)}${summary(times)}   ${scans.join(', ')}`)
  }
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

function summary(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)
  return `median ${at(0.5).padStart(6)} ms, worst ${at(1).padStart(6)} ms`
}

function mb(bytes: number | undefined): string {
  return `${((bytes ?? 0) / 1e6).toFixed(2)} MB`
}

/** A deterministic generator (Lehmer), so that two runs measure the same. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}
