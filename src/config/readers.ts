import { isIPv6 } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BadDatabaseUrl, readDatabaseUrl, URL_FORM } from '../db/database-url.ts'
import { isNetwork } from '../http/client-address.ts'
import { readPublicUrl } from '../http/public-address.ts'

/** Turns the text of a setting into its value. */
export interface Reader<T> {
  /** What an operator may write, for `--help`, README and error messages: "must be" comes before it. */
  readonly accepts: string
  readonly read: (text: string) => T | Mistake
}

/** Says what is wrong with a text; printed after the name of the setting. Never quotes the text: it may be a secret. */
export class Mistake {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

export const MAKE_A_KEY = 'make one with: node -p "crypto.randomBytes(32).toString(\'base64\')"'

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

/** Wherever the server is started from, so that it does not begin a new database in another folder. */
export const path: Reader<string> = reader(
  'a path, absolute or relative to the folder of notes-api, without ~',
  (text) => (/^(~|["'`])/.test(text) ? undefined : resolve(PROJECT, text)),
)

export const hostName: Reader<string> = reader('a host name or an IP address, without port or brackets', (text) => {
  // An address with a zone is left out: a URL cannot hold it.
  const isHost = text.includes(':') ? isIPv6(text) && !text.includes('%') : /^[A-Za-z0-9._-]+$/.test(text)
  return isHost ? text : undefined
})

/** As text, because a password may have to be put into it. */
export const postgresUrl: Reader<string> = {
  accepts: URL_FORM,
  read: (text) => {
    try {
      readDatabaseUrl(text)
      return text
    } catch (error) {
      if (error instanceof BadDatabaseUrl) return new Mistake(error.message)
      throw error
    }
  },
}

export const publicUrl: Reader<string> = {
  accepts: 'an address such as https://notes.example.com or https://example.com/notes-app',
  read: (text) => {
    const read = readPublicUrl(text)
    return 'url' in read ? read.url : new Mistake(`${read.fault}; write ${publicUrl.accepts}`)
  },
}

const REDIS_FORM = 'a URL such as redis://:password@host:6379/0, or rediss:// with TLS'

export const redisUrl: Reader<string> = {
  accepts: REDIS_FORM,
  read: (text) => {
    if (!URL.canParse(text)) return new Mistake(`must be ${REDIS_FORM}; in the password write @ as %40 and / as %2F`)
    const { protocol, hostname, pathname, search, hash, username, password: secret } = new URL(text)
    const isRight =
      /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/\d*)?$/.test(pathname) && search === '' && hash === ''
    const isEncoded = [username, secret].every((part) => !/%(?![\dA-F]{2})/i.test(part))
    return isRight && isEncoded ? text : new Mistake(`must be ${REDIS_FORM}`)
  },
}

export const password: Reader<string> = { accepts: 'any text', read: (text) => text }

const MIN_KEY_BYTES = 32
/** "changeme", however often repeated, has 7; the poorest of 300 000 random keys in base64 had 22. */
const MIN_DISTINCT = 10

export const secretKey: Reader<string> = {
  accepts: `at least ${MIN_KEY_BYTES} bytes`,
  read: (text) => {
    if (Buffer.byteLength(text) < MIN_KEY_BYTES) {
      return new Mistake(`must have at least ${MIN_KEY_BYTES} bytes; ${MAKE_A_KEY}`)
    }
    return new Set(text).size < MIN_DISTINCT ? new Mistake(`is too easy to guess; ${MAKE_A_KEY}`) : text
  },
}

export const networks: Reader<readonly string[]> = list(
  'addresses or networks such as 10.0.0.0/8 or fd00::/8, separated by commas',
  isNetwork,
)

export const origins: Reader<readonly string[]> = list(
  'origins such as https://notes.example.com or app://notes, in lower case, without path, default port or *, ' +
    'separated by commas',
  isOrigin,
)

/** As a browser sends it (RFC 6454 §6.2). Schemes of apps, such as capacitor://, are not resolved by URL. */
function isOrigin(text: string): boolean {
  if (text.includes('*')) return false
  const url = URL.parse(text)
  if (url === null) return false
  if (url.origin !== 'null') return url.origin === text
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]+(:\d{1,5})?$/.test(text)
}

/** For a setting that may be empty. */
export function optional<T>({ accepts, read }: Reader<T>): Reader<T | undefined> {
  return { accepts, read: (text) => (text === '' ? undefined : read(text)) }
}

export function integer(min: number, max: number): Reader<number> {
  return reader(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  })
}

/** In seconds. The bounds are written as an operator would write them. */
export function duration(min: string, max: string): Reader<number> {
  return reader(`a whole number followed by s (the default), m, h or d, from ${min} to ${max}`, (text) => {
    const seconds = secondsOf(text)
    return seconds >= secondsOf(min) && seconds <= secondsOf(max) ? seconds : undefined
  })
}

export function oneOf<const T extends string>(...choices: readonly [T, T, ...T[]]): Reader<T> {
  const accepts = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
  return reader(accepts, (text) => choices.find((choice) => choice === text))
}

/** A reader whose only mistake is a text that it does not accept: `parse` returns undefined for it. */
function reader<T>(accepts: string, parse: (text: string) => T | undefined): Reader<T> {
  return { accepts, read: (text) => parse(text) ?? new Mistake(`must be ${accepts}`) }
}

function list(accepts: string, isEntry: (text: string) => boolean): Reader<readonly string[]> {
  return reader(accepts, (text) => {
    const entries = text.split(',').map((entry) => entry.trim())
    const given = entries.filter((entry) => entry !== '')
    return given.every(isEntry) ? given : undefined
  })
}

/** NaN for a text that is no duration. */
function secondsOf(text: string): number {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
  const [, count = '', unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
  return count === '' ? Number.NaN : Number(count) * (units[unit] ?? Number.NaN)
}
