import { createClient, defineScript, ErrorReply } from '@redis/client'
import type { Taken, TakeUnits } from '../contract/request/rate-limits.ts'

export interface RedisConnection {
  readonly take: (request: Parameters<TakeUnits>[0]) => Promise<Taken>
  readonly close: () => void
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 1_000
/** Milliseconds. Well below what a request may wait; otherwise a Redis near that limit would come and go. */
const QUICK = 100
/** Keys of another program in the same Redis must not be ours. */
const PREFIX = 'notes-api:quota:'

/** The same as the quotas in memory: a window begins with the first request, and a refused one takes nothing. */
const SCRIPT = `
local used = tonumber(redis.call('get', KEYS[1]) or '0')
local quota, weight, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local rest = redis.call('pttl', KEYS[1])
if used + weight > quota and rest > 0 then return {0, math.max(0, quota - used), rest} end
used = redis.call('incrby', KEYS[1], weight)
if rest < 0 then
  redis.call('pexpire', KEYS[1], window)
  rest = window
end
return {1, quota - used, rest}
`

const takeUnits = defineScript({
  SCRIPT,
  NUMBER_OF_KEYS: 1,
  parseCommand: (parser, key: string, quota: number, weight: number, windowMs: number) => {
    parser.pushKey(key)
    parser.push(String(quota), String(weight), String(windowMs))
  },
  transformReply: (reply: unknown): unknown => reply,
})

/**
 * Connects once, to a Redis that counts and is quick about it: one that only answers a ping may be slow, full or a
 * read-only replica. `onLost` is called when the connection is lost; it is not made again.
 */
export async function connectRedis(url: string, onLost: (reason: string) => void): Promise<RedisConnection> {
  const client = createClient({
    url,
    scripts: { takeUnits },
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_TIMEOUT, reconnectStrategy: false },
  })
  // Without a listener, an error would end the process.
  client.on('error', (error: Error) => onLost('code' in error ? String(error.code) : error.message))
  client.on('end', () => onLost('the connection was closed'))
  const close = (): void => {
    if (client.isOpen) client.destroy()
  }
  const take: RedisConnection['take'] = async ({ key, quota, weight, windowSeconds }) => {
    const reply = await client.takeUnits(`${PREFIX}${key}`, quota, weight, windowSeconds * 1_000)
    const [isAllowed = 0, remaining = 0, rest = 0] = Array.isArray(reply) ? reply.map(Number) : []
    return { isAllowed: isAllowed === 1, remaining, resetSeconds: Math.max(1, Math.ceil(rest / 1_000)) }
  }
  const probe = () => take({ key: 'probe', quota: 1, weight: 1, windowSeconds: 1 })
  try {
    // The first one also makes Redis learn the script.
    await within(client.connect().then(probe), CONNECT_TIMEOUT)
    await within(probe(), QUICK)
  } catch (error) {
    close()
    throw error
  }
  return { take, close }
}

/** Whether Redis answers and refuses us, which waiting does not change: a wrong password, or a missing right. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ErrorReply && /^(WRONGPASS|NOAUTH|NOPERM|ERR) /.test(error.message)
}

/** Rejects if the answer is late; what becomes of it then is not waited for. */
export function within<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    // After a busy moment of this process, an answer that is there is read before it counts as late.
    const late = setTimeout(
      () => setImmediate(() => setImmediate(() => reject(new Error(`no answer within ${milliseconds} ms`)))),
      milliseconds,
    )
    answer.then(resolve, reject).finally(() => clearTimeout(late))
  })
}
