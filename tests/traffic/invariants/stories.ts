import { operations } from '../../contract/harness/document-examples.ts'
import { type Hold, type Invariant, truthful } from './invariant.ts'
import { emptyNotebook, type Notebook } from './notebook.ts'
import { judgeFailure, reads } from './notebook-reads.ts'
import { writes } from './notebook-writes.ts'
import { isSuccess, type Seen, type Traffic } from './seen.ts'

/** Operations on notes: those that a scope of notes guards. A stream goes on while others write, so no moment is its own. */
const ofNotes = operations
  .filter(({ operationId }) => operationId !== 'streamChanges')
  .filter(({ security }) =>
    security.some((requirement) =>
      Object.values(requirement)
        .flat()
        .some((scope) => scope.startsWith('notes:')),
    ),
  )
  .map(({ operationId }) => operationId)
const shown = new Set([...ofNotes, 'deleteMe'])
const missing = operations.filter(({ operationId, path, responses }) => {
  return ofNotes.includes(operationId) && path.includes('{note_id}') && responses.has(404)
})

/**
 * Each account's requests, in order, are followed in a notebook: what was created, changed, deleted and brought back.
 * Every answer must be what the notebook says. Only requests that came one after the other are certain; when two
 * changes of an account overlap, its notebook is closed.
 */
export const stories: Invariant = {
  title: 'Answers agree with those before them',
  concerns: [...ofNotes, ...missing.map(({ operationId }) => `${operationId} 404`)],
  judge: (traffic, hold) => {
    const mine = truthful(traffic).filter(
      ({ operationId, sender, isHead }) => sender !== undefined && !isHead && shown.has(operationId),
    )
    const accounts = Map.groupBy(mine, ({ sender }) => String(sender?.userId))
    for (const [userId, story] of accounts) follow(story, lostWrites(traffic, userId), hold)
  },
}

/** When a change began whose effect is unknown: from then on nothing is certain. */
function lostWrites({ abandoned, seen }: Traffic, userId: string): number {
  const theirs = [...abandoned, ...seen].filter(
    ({ sender, exchange }) => sender?.userId === userId && exchange.method !== 'GET',
  )
  const lost = theirs.filter(
    (one) =>
      shown.has(one.operationId) && (one.status >= 500 || (!one.exchange.body.length && abandoned.includes(one))),
  )
  // A server that is a process of its own, or has other handlers, writes into the same rows.
  const foreign = theirs.filter(({ server, operationId, status }) => {
    return shown.has(operationId) && status < 300 && (server.isProcess || server.isOverridden || server.isRewritten)
  })
  return Math.min(Number.POSITIVE_INFINITY, ...[...lost, ...foreign].map(({ began }) => began))
}

function follow(story: readonly Seen[], lostAt: number, hold: Hold): void {
  const book = emptyNotebook()
  const changes = story.filter(isChange)
  for (const seen of story.toSorted((a, b) => a.began - b.began)) {
    if (seen.ended >= lostAt) return
    const overlaps = changes.some((other) => other !== seen && other.began < seen.ended && other.ended > seen.began)
    if (overlaps && isChange(seen)) return
    if (!overlaps) step(book, seen, hold)
  }
}

/** What may have changed something: no refusal, no replay and no rehearsal. */
function isChange({ exchange, status, headers, given }: Seen): boolean {
  return (
    exchange.method !== 'GET' &&
    status < 300 &&
    headers['idempotency-replayed'] === undefined &&
    given['dry_run'] !== true
  )
}

function step(book: Notebook, seen: Seen, hold: Hold): void {
  const { operationId, status } = seen
  if (isSuccess(seen) || status === 304) {
    if (seen.headers['idempotency-replayed'] !== undefined) return
    if (isChange(seen)) book.pages.clear()
    const follows = writes[operationId] ?? reads[operationId]
    hold(operationId, seen, follows !== undefined, 'nothing is known of what it does')
    follows?.(book, seen, hold)
  } else if (status >= 404) judgeFailure(book, seen, hold)
}
