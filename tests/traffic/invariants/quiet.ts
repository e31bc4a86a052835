import { ofToken, type Seen, type Traffic } from './seen.ts'

/** When a request was under way that may have changed something. */
interface Write {
  readonly began: number
  readonly ended: number
}

/** How long the server may go on with a request whose sender has left: the longest statement and some more. */
const AFTERMATH_MS = 10_000

/** Lists that others add to as well: a wrong password is in the list of events. */
const OF_THE_ACCOUNT = new Set(['listSecurityEvents', 'listSessions', 'listApiKeys'])

const known = new WeakMap<Traffic, Map<string, Write[]>>()

/** Whether certainly nothing of the sender's account was written between two moments (milliseconds). */
export function isQuiet(traffic: Traffic, { sender, server, operationId }: Seen, from: number, to: number): boolean {
  const writes = known.get(traffic) ?? writesOf(traffic)
  known.set(traffic, writes)
  const strangers = OF_THE_ACCOUNT.has(operationId) ? writes.get(server.database) : []
  const mine = [...(writes.get(sender?.userId ?? '') ?? []), ...(strangers ?? [])]
  return mine.every(({ began, ended }) => ended < from || began > to)
}

/** By account; what came without a credential, by database. */
function writesOf({ seen, abandoned }: Traffic): Map<string, Write[]> {
  const writes = new Map<string, Write[]>()
  const add = ({ exchange, sender, server, answer }: Seen, ended: number): void => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(exchange.method)) return
    const whose = sender?.userId ?? ofToken(String(answer['access_token']))?.userId ?? server.database
    const theirs = writes.get(whose) ?? []
    writes.set(whose, theirs)
    theirs.push({ began: exchange.began, ended })
  }
  for (const one of seen) add(one, one.ended)
  for (const one of abandoned) add(one, one.ended + AFTERMATH_MS)
  return writes
}
