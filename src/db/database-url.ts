import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { ClientConfig } from 'pg'

/** What is wrong with the address of a database, to be printed after the name of its setting. It never quotes it. */
export class BadDatabaseUrl extends Error {}

/** The form of the address, for `--help` and messages. */
export const URL_FORM = 'a URL such as postgres://user:password@host:5432/name'

const ENCODE =
  'in the password write @ as %40, / as %2F, # as %23, ? as %3F and % as %25, or put it in DATABASE_PASSWORD instead'

/** These replace the server's own, so they are in milliseconds, as in PostgreSQL. */
const LIMITS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'query_timeout'] as const
/** Parameters that go to PostgreSQL with the start of a session; a pooler in transaction mode has no such session. */
const OF_SESSION = ['options', ...LIMITS.filter((name) => name !== 'query_timeout')]
const TEXTS = ['application_name', 'fallback_application_name', 'options', 'host', 'user', 'password'] as const
const TLS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'uselibpqcompat'] as const
const KNOWN: readonly string[] = [...TEXTS, 'port', 'dbname', ...LIMITS, ...TLS]

/**
 * Reads the address of a database as libpq does (PostgreSQL manual, 34.1.1), but refuses what would have no effect. The
 * parser of pg takes a password that is not percent-encoded for a host, and warns about sslmode in the log.
 */
export function readDatabaseUrl(text: string): ClientConfig {
  const url = parseUrl(text)
  const { pathname = '', search = '', hash = '' } = url ?? {}
  // None of these can be part of an address, but each can be part of a password that begins before it.
  const isSpilt =
    hash !== '' ||
    url?.hostname.includes(',') === true ||
    `${pathname}${search}`.includes('@') ||
    pathname.lastIndexOf('/') > 0
  if (url === null || !/^postgres(ql)?:\/\//i.test(text) || isSpilt)
    throw new BadDatabaseUrl(`must be ${URL_FORM}; ${ENCODE}`)
  const given = parametersOf(url.searchParams)
  const { user, password, port, host, dbname } = given
  const address = {
    host: host ?? (decode(url.hostname).replace(/^\[(.+)\]$/, '$1') || undefined),
    port: readPort(port ?? url.port),
    user: user ?? (decode(url.username) || undefined),
    password: password ?? (decode(url.password) || undefined),
    database: dbname ?? (decode(pathname.slice(1)) || undefined),
  }
  const { application_name, fallback_application_name, options } = given
  return {
    ...address,
    ...(application_name !== undefined && { application_name }),
    fallback_application_name,
    options,
    // As in libpq, a connection through a socket of this machine has no TLS, whatever sslmode says.
    ...(address.host?.startsWith('/') === true ? { ssl: false } : readTls(given)),
    ...Object.fromEntries(LIMITS.flatMap((name) => readLimit(name, given[name]))),
  }
}

/** The parameter that cannot pass through a pooler in transaction mode, if there is one. */
export function sessionParameterOf(text: string): string | undefined {
  return OF_SESSION.find((name) => parseUrl(text)?.searchParams.has(name))
}

/** The address with this password, whatever characters it has. */
export function withPassword(text: string, password: string): string {
  const url = parseUrl(text)
  url?.searchParams.set('password', password)
  return url?.href ?? text
}

/** Without a host between @ and /, which is allowed beside `?host=`, an address is no URL. */
function parseUrl(text: string): URL | null {
  return URL.parse(text) ?? URL.parse(text.replace('@/', '@localhost/'))
}

type Parameters = Readonly<Partial<Record<string, string>>>

function parametersOf(search: URLSearchParams): Parameters {
  const names = [...search.keys()]
  const unknown = names.find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) {
    const shown = /^\w{1,40}$/.test(unknown) ? `${unknown} ` : ''
    throw new BadDatabaseUrl(`must not have the parameter ${shown}after the ?; allowed are ${KNOWN.join(', ')}`)
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new BadDatabaseUrl(`must not have the parameter ${twice} twice`)
  return Object.fromEntries(search)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new BadDatabaseUrl(`must be ${URL_FORM}; ${ENCODE}`)
  }
}

function readPort(text: string): number | undefined {
  if (text === '') return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port >= 1 && port <= 65_535)) throw new BadDatabaseUrl('must have a port from 1 to 65535')
  return port
}

function readLimit(name: string, text: string | undefined): [name: string, milliseconds: number][] {
  if (text === undefined) return []
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new BadDatabaseUrl(`must have a ${name} in milliseconds, a whole number above 0`)
  return [[name, Number(text)]]
}

/** The modes mean what they mean to libpq (PostgreSQL manual, 34.19). Without one, the connection has no TLS. */
function readTls({
  sslmode,
  sslrootcert,
  sslcert,
  sslkey,
  sslnegotiation,
}: Parameters): Pick<ClientConfig, 'ssl' | 'sslnegotiation'> {
  const given = Object.entries({ sslrootcert, sslcert, sslkey, sslnegotiation }).find(
    ([, value]) => value !== undefined,
  )
  if (sslmode === undefined && given === undefined) return {}
  if (sslmode === undefined || sslmode === 'disable') {
    if (given === undefined) return { ssl: false }
    throw new BadDatabaseUrl(`must have sslmode=verify-full, because ${given[0]} has no effect without TLS`)
  }
  const ca = readFile('sslrootcert', sslrootcert === 'system' ? undefined : sslrootcert)
  const certificates = { ca, cert: readFile('sslcert', sslcert), key: readFile('sslkey', sslkey) }
  const direct = sslnegotiation === undefined ? {} : { sslnegotiation: readNegotiation(sslnegotiation) }
  const anyHost: ConnectionOptions = { checkServerIdentity: () => undefined }
  switch (sslmode) {
    case 'no-verify':
    case 'require':
      // With a root certificate libpq checks it, as verify-ca does.
      return { ssl: { ...certificates, ...(ca === undefined ? { rejectUnauthorized: false } : anyHost) }, ...direct }
    case 'verify-ca':
      if (ca === undefined) throw new BadDatabaseUrl('must have an sslrootcert with sslmode=verify-ca')
      return { ssl: { ...certificates, ...anyHost }, ...direct }
    case 'verify-full':
      return { ssl: certificates, ...direct }
    default:
      throw new BadDatabaseUrl(
        'must have an sslmode of disable, require, verify-ca or verify-full; allow and prefer cannot be kept',
      )
  }
}

function readNegotiation(text: string): 'postgres' | 'direct' {
  if (text === 'postgres' || text === 'direct') return text
  throw new BadDatabaseUrl('must have an sslnegotiation of postgres or direct')
}

function readFile(name: string, path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new BadDatabaseUrl(`must have an ${name} that can be read (${code})`)
  }
}
