import { operations } from '../../contract/harness/document-examples.ts'
import { type Invariant, ours, truthful } from './invariant.ts'
import { isQuiet } from './quiet.ts'
import type { Seen } from './seen.ts'

const gets = operations.filter(({ method }) => method === 'get').map(({ operationId }) => operationId)
/** What differs from one answer to the next, and what node adds by itself. */
const OF_THE_MOMENT = new Set(['x-request-id', 'date', 'connection', 'keep-alive', 'ratelimit'])

/** Headers of every answer, failures too: no cache keeps it, no browser guesses its type. */
const GUARDS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}
/** A reply with an ETag must not be compressed on its way, because its tag would become weak. */
const cacheControlOf = ({ headers }: Seen): string =>
  headers['etag'] === undefined ? 'private, no-store' : 'private, no-store, no-transform'

/** "`HEAD` works wherever `GET` does"; and what guards an answer is on each of them. */
export const heads: Invariant = {
  title: 'Headers are those of the answer',
  concerns: [...operations.map(({ operationId }) => `${operationId} guards`), ...gets.map((id) => `${id} HEAD`)],
  judge: (traffic, hold) => {
    for (const seen of ours(traffic)) {
      const guards = { ...GUARDS, 'cache-control': cacheControlOf(seen) }
      const wrong = Object.entries(guards).filter(([name, value]) => seen.headers[name] !== value)
      hold(
        `${seen.operationId} guards`,
        seen,
        wrong.length === 0,
        `${wrong[0]?.[0]}: ${seen.headers[wrong[0]?.[0] ?? '']}`,
      )
    }
    const latest = new Map<string, Seen>()
    for (const seen of truthful(traffic).filter(({ operationId }) => gets.includes(operationId))) {
      const { exchange, asked, isHead } = seen
      const name = [exchange.target, asked['authorization'], asked['if-none-match'], asked['accept']].join(' ')
      const other = latest.get(`${seen.server.id} ${name}`)
      latest.set(`${seen.server.id} ${name}`, seen)
      if (other === undefined || other.isHead === isHead || other.status >= 400 || seen.status >= 400) continue
      if (!isQuiet(traffic, seen, other.began, seen.ended)) continue
      const differs = different(seen, other)
      hold(`${seen.operationId} HEAD`, seen, differs === undefined, `HEAD and GET differ in ${differs}`)
    }
  },
}

function different(one: Seen, other: Seen): string | undefined {
  if (one.status !== other.status) return 'status'
  const names = new Set([...Object.keys(one.headers), ...Object.keys(other.headers)])
  return [...names].find((name) => !OF_THE_MOMENT.has(name) && one.headers[name] !== other.headers[name])
}
