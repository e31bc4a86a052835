import { string } from '../../../src/contract/document/document.ts'
import { document, operations } from '../../contract/harness/document-examples.ts'
import { failures } from './documented.ts'
import { type Hold, type Invariant, ours } from './invariant.ts'
import { type Fields, isFields, isSuccess, type Seen, type Traffic } from './seen.ts'

/** The table of errors in info.description: `status type`. */
const prose = string((document.root['info'] as Record<string, never>)['description'])
const kinds = new Set(
  [...prose.matchAll(/^\| (\d{3}) \| \[[a-z-]+\]\((\/problems\/[a-z-]+)\)/gm)].map(
    ([, status, type]) => `${status} ${type}`,
  ),
)

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const SANE = /^[A-Za-z0-9._-]{1,64}$/

/** "Every error is application/problem+json"; "every reply carries X-Request-Id". Of every server, whatever its handlers. */
export const problems: Invariant = {
  title: 'A problem is told as the contract says',
  concerns: [...failures(), ...operations.map(({ operationId }) => `${operationId} X-Request-Id`)],
  judge: (traffic, hold) => {
    const made = new Set<string>()
    const titles = new Map<string, unknown>()
    for (const seen of traffic.seen) {
      const id = seen.headers['x-request-id'] ?? ''
      const sent = seen.asked['x-request-id'] ?? ''
      const concern = `${seen.operationId} X-Request-Id`
      if (SANE.test(sent)) hold(concern, seen, id === sent, `${id} where the request said ${sent}`)
      else {
        hold(concern, seen, UUID7.test(id) && !made.has(id), `${id} is not new`)
        made.add(id)
      }
      if (seen.status >= 400 && !seen.isHead) judgeProblem(seen, seen.answer, id, titles, hold)
    }
    judgeOthers(traffic, hold)
    for (const seen of ours(traffic)) if (isSuccess(seen)) judgeActions(seen, titles, hold)
  },
}

function judgeProblem(seen: Seen, problem: Fields, requestId: string, titles: Map<string, unknown>, hold: Hold): void {
  const concern = `${seen.operationId} ${seen.status}`
  const { type, title, status, instance, request_id, detail, errors } = problem
  hold(concern, seen, status === seen.status, `status ${String(status)} in the body`)
  hold(concern, seen, kinds.has(`${seen.status} ${String(type)}`), `${String(type)} is not in the table of errors`)
  hold(
    concern,
    seen,
    request_id === requestId && instance === `${String(type)}#${requestId}`,
    `${String(instance)} of request ${requestId}`,
  )
  judgeTitle(concern, seen, type, title, titles, hold)
  // Only what shows a note may be longer.
  const isShort = 'current' in problem || seen.exchange.body.length < 8_192
  hold(concern, seen, isShort, `${seen.exchange.body.length} bytes`)
  if (type === '/problems/unauthorized') {
    const challenge = seen.headers['www-authenticate'] ?? ''
    // Without a bearer credential there is no error code (RFC 6750 §3.1).
    const right = /^Bearer\b/i.test(seen.asked['authorization'] ?? '') ? ', error="invalid_token"' : ''
    hold(concern, seen, challenge === `Bearer realm="notes-api"${right}`, `WWW-Authenticate: ${challenge}`)
  }
  if (!Array.isArray(errors)) return
  hold(concern, seen, tells(String(detail), errors), `"${String(detail)}" and ${errors.length} errors`)
  for (const error of errors.filter(isFields)) {
    const [where, ...names] = (error['loc'] as readonly string[]).map(String)
    const pointer = names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
    hold(concern, seen, error['pointer'] === pointer, `pointer ${String(error['pointer'])} to ${names.join('.')}`)
    hold(concern, seen, ['path', 'query', 'header', 'body'].includes(where ?? ''), `a fault in ${where}`)
  }
}

/** Whether a detail repeats the first error and says how many there are. */
function tells(detail: string, errors: readonly unknown[]): boolean {
  const first = errors.find(isFields)
  const [, more] = / There (?:is|are) (\d+ more error|more than 20 error)s?\.$/.exec(detail) ?? []
  const isCounted = more === 'more than 20 error' ? errors.length === 20 : errors.length === parseInt(more ?? '0') + 1
  return isCounted && detail.includes(`: ${String(first?.['msg'])}`)
}

/** The results of a batch have problems of their own. */
function judgeActions(seen: Seen, titles: Map<string, unknown>, hold: Hold): void {
  const { results } = seen.answer
  if (!Array.isArray(results)) return
  const concern = `${seen.operationId} ${seen.status}`
  for (const { status, problem } of results.filter(isFields)) {
    hold(
      concern,
      seen,
      (status === 200) === (problem === undefined),
      `status ${String(status)} of an action, and its problem`,
    )
    if (!isFields(problem)) continue
    hold(
      concern,
      seen,
      kinds.has(`${String(status)} ${String(problem['type'])}`),
      `${String(status)} of ${String(problem['type'])}`,
    )
    judgeTitle(concern, seen, problem['type'], problem['title'], titles, hold)
  }
}

/** "The same for every problem of this type." */
function judgeTitle(
  concern: string,
  seen: Seen,
  type: unknown,
  title: unknown,
  titles: Map<string, unknown>,
  hold: Hold,
): void {
  const known = titles.get(String(type)) ?? title
  titles.set(String(type), known)
  hold(concern, seen, title === known, `"${String(title)}" and "${String(known)}" of ${String(type)}`)
}

/** "A method that a path does not have answers 405 with `Allow`." */
function judgeOthers({ others }: Traffic, hold: Hold): void {
  for (const { exchange, path } of others) {
    const allow = exchange.headers['allow']
    if (allow === undefined) continue
    // `OPTIONS *` is about the whole server.
    const methods = operations.flatMap((operation) =>
      path === '*' || matches(operation.path, path) ? [operation.method.toUpperCase()] : [],
    )
    const right = [...new Set(methods), ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].toSorted()
    const told = allow.split(', ').toSorted()
    hold(
      'Allow',
      `${exchange.method} ${path}`,
      told.join() === right.join(),
      `Allow: ${allow} where ${right.join()} are`,
    )
  }
}

function matches(template: string, path: string): boolean {
  const best = operations
    .map((operation) => operation.path)
    .filter((one) => new RegExp(`^${one.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
  const [first] = best.toSorted((a, b) => a.split('{').length - b.split('{').length)
  return first === template
}
