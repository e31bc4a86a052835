import { operations } from '../../contract/harness/document-examples.ts'
import { type Invariant, ours, truthful } from './invariant.ts'
import { isSuccess, type Seen } from './seen.ts'

const keyed = operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'Idempotency-Key'))
/** After these an answer may have been forgotten with what it is about. */
const FORGETS = new Set(['eraseNote', 'emptyTrash', 'deleteMe'])

/** "The same request with the same key gets the answer of the first one again, with `Idempotency-Replayed: true`." */
export const idempotency: Invariant = {
  title: 'A repeated request gets the first answer',
  concerns: keyed.flatMap(({ operationId }) => [
    `${operationId} replayed`,
    `${operationId} first`,
    `${operationId} refused`,
  ]),
  judge: (traffic, hold) => {
    const first = new Map<string, Seen>()
    for (const seen of ours(traffic)) {
      const key = seen.asked['idempotency-key']
      if (!keyed.some(({ operationId }) => operationId === seen.operationId)) continue
      const replayed = seen.headers['idempotency-replayed'] === 'true'
      if (key === undefined) {
        hold(`${seen.operationId} first`, seen, !replayed, 'replayed without a key')
        continue
      }
      const name = `${seen.server.database} ${seen.sender?.userId} ${seen.operationId} ${key}`
      const earlier = first.get(name)
      if (!isSuccess(seen)) continue
      if (replayed && earlier !== undefined)
        hold(`${seen.operationId} replayed`, seen, isSame(seen, earlier), 'the answer is another one')
      // A server that was killed had no time to record what it answered, and others answer while it is written.
      if (replayed && !seen.server.isProcess)
        hold(`${seen.operationId} replayed`, seen, hadFirst(seen, traffic.seen), 'there was no first answer')
      if (!replayed) first.set(name, seen)
    }
    judgeRepeats(truthful(traffic), hold)
  },
}

function isSame(seen: Seen, earlier: Seen): boolean {
  const [one, other] = [seen, earlier].map(({ exchange, headers, status }) => [
    status,
    exchange.body,
    headers['etag'],
    headers['location'],
  ])
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Whether a request with that key had its effect by then; parallel requests may be recorded in any order. */
function hadFirst(seen: Seen, all: readonly Seen[]): boolean {
  const key = seen.asked['idempotency-key']
  return all.some((other) => {
    const isFirst =
      other.asked['idempotency-key'] === key && other.headers['idempotency-replayed'] === undefined && isSuccess(other)
    return (
      isFirst &&
      other.operationId === seen.operationId &&
      other.began < seen.ended &&
      other.sender?.userId === seen.sender?.userId
    )
  })
}

/** One after the other: the same again is replayed, another one refused. */
function judgeRepeats(sound: readonly Seen[], hold: Parameters<Invariant['judge']>[1]): void {
  const done = new Map<string, Seen>()
  for (const seen of sound) {
    const { asked, sender, operationId, exchange } = seen
    if (FORGETS.has(operationId))
      for (const name of done.keys()) if (name.startsWith(`${sender?.userId} `)) done.delete(name)
    const key = asked['idempotency-key']
    if (key === undefined || !keyed.some((operation) => operation.operationId === operationId)) continue
    const name = `${sender?.userId} ${operationId} ${key}`
    const earlier = done.get(name)
    const isLater = earlier !== undefined && earlier.ended < seen.began
    const isAlike =
      [asked['if-match'], seen.path, exchange.requestBody].join() ===
      [earlier?.asked['if-match'], earlier?.path, earlier?.exchange.requestBody].join()
    if (isLater && isAlike && isSuccess(seen)) {
      hold(`${operationId} first`, seen, seen.headers['idempotency-replayed'] === 'true', 'done a second time')
    }
    const isRefused = seen.status >= 400
    if (isLater && !isSameRequest(seen, earlier))
      hold(`${operationId} refused`, seen, isRefused, 'another request with a key that was used')
    if (isSuccess(seen) && earlier === undefined) done.set(name, seen)
  }
}

/** Whether the two mean the same; a body may be written in more than one way. */
function isSameRequest(seen: Seen, earlier: Seen): boolean {
  return seen.path !== earlier.path || sorted(seen) === sorted(earlier) || seen.exchange.requestBody === ''
}

function sorted({ given }: Seen): string {
  return JSON.stringify(Object.entries(given).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
