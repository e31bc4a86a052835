import { readFileSync } from 'node:fs'
import { failures } from './documented.ts'
import type { Invariant } from './invariant.ts'
import { type Fields, isFields, type Seen, type Traffic } from './seen.ts'

/** Names of our tables that are no English word. */
const database =
  /export interface DB \{([^}]+)\}/.exec(
    readFileSync(new URL('../../../generated/db.d.ts', import.meta.url), 'utf8'),
  )?.[1] ?? ''
const tables = [...database.matchAll(/^ {2}([a-z]+_[a-z_]+):/gm)].map(([, name = '']) => name)

/** How drivers, databases and runtimes speak. None of it is for callers. */
const TELLING: readonly RegExp[] = [
  /\b(select|insert|update|delete)\b.+\b(from|into|set|where|values)\b.+["$(]/i,
  /\b(relation|column|constraint|table|schema|function|index|role|database) "/i,
  /\bviolates\b|\bduplicate key\b|\bdeadlock\b|\bcanceling statement\b|\bsyntax error\b|\bcurrent transaction is aborted\b/i,
  /\bcould not \w+ (file|open|extend|write|read|connect|serialize|obtain)|\bNo space left\b|\bcache lookup\b|\bcanary[_:]/i,
  /\bdatabase system\b|\bterminating connection\b|\bconnection slots\b|\bpermission denied\b|\bpassword authentication\b|\bread-only transaction\b/i,
  /\binvalid input syntax\b|\bout of range for type\b|\bnull value in\b|\bsocket hang up\b|\bgetaddrinfo\b|\b(client|pool) (was closed|after calling)/i,
  /\bSQLSTATE\b|(?<!\d-)\b(0[8A]|2[1-8]|4[0-4]|5[3-8]|XX|P0|HV|F0)[0-9A-Z]\d\d\b/,
  /\b(lock|statement|connection|query read) time-?out\b|\btimeout exceeded\b|\bConnection (terminated|refused|ended)\b|\btoo many (clients|connections)\b/i,
  /\bE(CONN[A-Z]+|NOENT|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND|ACCES|PERM|MFILE)\b/,
  /\bpg_|\bpostgres|\bkysely\b|\bargon2\b|\bajv\b|\bexpress\b|\bpino\b|\bnode:|\bopenapi-backend\b|\bSASL\b/i,
  /\b(Type|Reference|Range|Syntax|Aggregate|Database)Error\b|\bundefined\b|\[object |\bis not a function\b|\bcannot read prop/i,
  /\n? {2,}at .+[:(]\d|\bat .+\((?:file:|\/|node:)|node_modules|\.[cm]?[jt]s\b(:\d+)?/,
  /(^|[\s"'(])(\/(home|root|tmp|var|usr|etc|opt|srv|dev|proc|app|work|Users|data)\b|[A-Z]:\\|file:\/\/)/,
  /\b\d{1,3}(\.\d{1,3}){3}\b|\blocalhost\b/,
  new RegExp(`\\b(${tables.join('|')})\\b`, 'i'),
]

/** Members that show what the account itself has stored. */
const OF_THE_ACCOUNT = new Set(['current', 'base', 'conflicts', 'candidates'])

/** What a failure says in words of its own: without the note it shows, and without names that the request sent. */
const wordsOf = (seen: Pick<Seen, 'exchange'>, value: unknown): string[] => {
  if (typeof value === 'string') return isSent(seen, value) ? [] : [value]
  if (Array.isArray(value)) return value.flatMap((one) => wordsOf(seen, one))
  if (!isFields(value)) return []
  return Object.entries(value).flatMap(([name, member]) => {
    if (OF_THE_ACCOUNT.has(name)) return []
    return wordsOf(seen, name === 'pointer' ? namesIn(String(member)) : member)
  })
}

/** The names that a JSON pointer leads through (RFC 6901). */
function namesIn(pointer: string): string[] {
  return pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function isSent({ exchange }: Pick<Seen, 'exchange'>, text: string): boolean {
  const { target, requestHeaders, requestBody } = exchange
  return [target, decoded(target), requestBody, ...Object.keys(requestHeaders)].some((part) => part.includes(text))
}

/** "No driver, SQL, path, stack or file text in any failure", of every server, whatever its handlers. */
export const secrets: Invariant = {
  title: 'A failure tells nothing of the inside',
  concerns: [...failures(), 'changeNotes 200'],
  judge: (traffic, hold) => {
    const causes = causesById(traffic)
    for (const seen of traffic.seen) {
      const { operationId, status, headers, answer, exchange, isHead } = seen
      const told = status >= 400 ? answer : operationId === 'changeNotes' ? { problems: problemsOf(answer) } : undefined
      if (told === undefined || isHead) continue
      const concern = `${operationId} ${status}`
      // A caller may send a request id that reads like anything.
      const words = [...wordsOf(seen, told), ...Object.values(headers)].map((text) =>
        text.replaceAll(headers['x-request-id'] ?? '', ''),
      )
      const telling = words.find((text) => TELLING.some((pattern) => pattern.test(text)))
      hold(concern, seen, telling === undefined, `"${telling?.slice(0, 120)}"`)
      const logged = causes.get(`${exchange.server} ${headers['x-request-id']}`) ?? []
      const leaked = logged.find((text) => words.some((word) => word.includes(text)))
      hold(concern, seen, leaked === undefined, `what was logged as its cause: "${leaked?.slice(0, 120)}"`)
    }
  },
}

function causesById({ causes }: Traffic): Map<string, readonly string[]> {
  return new Map(causes.map(({ server, requestId, texts }) => [`${server} ${requestId}`, texts]))
}

function problemsOf({ results }: Fields): unknown[] {
  return Array.isArray(results) ? results.filter(isFields).map(({ problem }) => problem) : []
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target)
  } catch {
    return target
  }
}
