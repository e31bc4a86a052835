import { createClient, defineScript, ErrorReply } from '@redis/client'
import type { Taken, TakeUnits } from '../contract/types.ts'

export interface RedisConnection {
  readonly take: (request: Parameters<TakeUnits>[0]) => Promise<Taken>
  readonly close: () => void
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 1_000
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

/** Connects once. `onLost` is called when the connection is lost; it is not made again. */
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
  const ready = client.connect().then(() => client.ping())
  ready.catch(() => undefined)
  try {
    await Promise.race([ready, after(CONNECT_TIMEOUT)])
  } catch (error) {
    close()
    throw error
  }
  return {
    take: async ({ key, quota, weight, windowSeconds }) => {
      const reply = await client.takeUnits(`${PREFIX}${key}`, quota, weight, windowSeconds * 1_000)
      const [isAllowed = 0, remaining = 0, rest = 0] = Array.isArray(reply) ? reply.map(Number) : []
      return { isAllowed: isAllowed === 1, remaining, resetSeconds: Math.max(1, Math.ceil(rest / 1_000)) }
    },
    close,
  }
}

/** Whether Redis answers and refuses us, which waiting does not change: a wrong password, or a missing right. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ErrorReply && /^(WRONGPASS|NOAUTH|NOPERM|ERR) /.test(error.message)
}

function after(milliseconds: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds).unref()
  })
}
