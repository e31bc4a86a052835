import { type Call, type HttpConnection, openConnection, type Reply } from './load.ts'

export interface OpenLoad {
  /** How many requests had each status; 0 if there was no reply. */
  readonly statuses: ReadonlyMap<number, number>
  /** Milliseconds from the moment when a request was due, by status. */
  readonly latencies: ReadonlyMap<number, readonly number[]>
  /** How many requests were due while all connections were busy, and were not sent. */
  readonly unsent: number
  readonly seconds: number
}

interface Plan {
  /** Requests a second, whatever becomes of those before. */
  readonly rate: number
  readonly seconds: number
  readonly next: () => Call
  readonly onReply?: (call: Call, reply: Reply) => void
  readonly maxConnections?: number
}

/** Sends requests at a fixed rate, as many clients do that know nothing of each other. */
export async function runOpenLoad(
  port: number,
  { rate, seconds, next, onReply, maxConnections = 1_500 }: Plan,
): Promise<OpenLoad> {
  const idle: HttpConnection[] = []
  const all = new Set<HttpConnection>()
  const statuses = new Map<number, number>()
  const latencies = new Map<number, number[]>()
  const underWay = new Set<Promise<void>>()
  let [opening, unsent] = [0, 0]

  const note = (status: number, took: number): void => {
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    const known = latencies.get(status)
    if (known === undefined) latencies.set(status, [took])
    else known.push(took)
  }
  const connection = async (): Promise<HttpConnection> => {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      if (kept.isOpen()) return kept
      all.delete(kept)
    }
    opening += 1
    const opened = await openConnection(port).finally(() => (opening -= 1))
    all.add(opened)
    return opened
  }
  const send = async (due: number): Promise<void> => {
    if (idle.length === 0 && all.size + opening >= maxConnections) {
      unsent += 1
      return
    }
    let used: HttpConnection | undefined
    try {
      used = await connection()
      const call = next()
      const reply = await used.ask(call)
      note(reply.status, performance.now() - due)
      onReply?.(call, reply)
      idle.push(used)
    } catch {
      if (used !== undefined) all.delete(used)
      note(0, performance.now() - due)
    }
  }
  const began = performance.now()
  const total = Math.round(rate * seconds)
  for (let count = 0; count < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1_000) * rate))
    for (; count < due; count += 1) {
      const going = send(began + (count / rate) * 1_000).finally(() => underWay.delete(going))
      underWay.add(going)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const took = (performance.now() - began) / 1_000
  await Promise.all(underWay)
  for (const one of all) one.close()
  return { statuses, latencies, unsent, seconds: took }
}
