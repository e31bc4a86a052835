import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Config } from '../config/config.ts'
import type { Setting } from '../config/setting.ts'
import { settings } from '../config/settings.ts'
import { readDatabaseUrl } from '../db/database-url.ts'
import { embeddedConnection } from '../db/embedded/embedded.ts'
import { failed, type Finding, passed, reasonOf } from './check.ts'

/** Something outside of the server that it connects to, because a setting says so. There is nothing else. */
export interface Destination {
  readonly setting: string
  /** A host, or the directory of a Unix socket. */
  readonly host: string
  /** undefined for a Unix socket. */
  readonly port: number | undefined
  readonly why: string
}

/** Ports that an address may leave out. */
const PORTS: Readonly<Record<string, number>> = { 'redis:': 6379, 'rediss:': 6379 }

/** From the table of settings: one that leads elsewhere says so there. Without DATABASE_URL, the embedded database. */
export function destinationsOf(config: Config): readonly Destination[] {
  const values = new Map<string, unknown>(Object.entries(config))
  const table: readonly Setting[] = settings
  const configured = table.flatMap(({ name, field, reaches }) => {
    const value = values.get(field)
    return reaches === undefined || typeof value !== 'string'
      ? []
      : [{ setting: name, ...addressIn(value), why: reaches }]
  })
  if (config.databaseUrl !== undefined) return configured
  const { host } = embeddedConnection(config.dataDir)
  return [
    { setting: 'DATA_DIR', host, port: undefined, why: 'the embedded database, which holds everything' },
    ...configured,
  ]
}

function addressIn(text: string): Pick<Destination, 'host' | 'port'> {
  if (/^postgres(ql)?:/i.test(text)) {
    const { host = 'localhost', port = 5432 } = readDatabaseUrl(text)
    return { host, port: host.startsWith('/') ? undefined : port }
  }
  const { hostname, port, protocol } = new URL(text)
  return { host: hostname.replace(/^\[(.+)\]$/, '$1'), port: port === '' ? PORTS[protocol] : Number(port) }
}

/** A line for each, and the addresses that connections may therefore have: `10.0.0.2 5432`. */
export async function checkDestinations(
  destinations: readonly Destination[],
): Promise<{ findings: readonly Finding[]; addresses: ReadonlySet<string> }> {
  const all = await Promise.all(destinations.map(checkDestination))
  return {
    findings: all.map(({ finding }) => finding),
    addresses: new Set([...all.flatMap(({ addresses }) => addresses), ...nameServers(destinations)]),
  }
}

async function checkDestination({ setting, host, port, why }: Destination) {
  if (port === undefined)
    return { finding: passed('destination', `${setting} leads to a Unix socket in ${host}: ${why}`), addresses: [] }
  const text = `${setting} leads to ${host} port ${port}`
  try {
    const found = (await lookup(host, { all: true })).map(({ address }) => address)
    const shown = isIP(host) === 0 ? ` (${found.join(', ')})` : ''
    const addresses = found.map((address) => `${address} ${port}`)
    return { finding: passed('destination', `${text}${shown}: ${why}`), addresses }
  } catch (error) {
    const remedy = `correct ${setting}, or the name server of this machine`
    return {
      finding: failed('destination', `${text}, which has no address (${reasonOf(error)})`, remedy),
      addresses: [],
    }
  }
}

/** Names of hosts are looked up where the machine says. */
function nameServers(destinations: readonly Destination[]): string[] {
  if (destinations.every(({ host, port }) => port === undefined || isIP(host) !== 0)) return []
  try {
    const lines = readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver\s+(\S+)/gm)
    return [...lines].map(([, address = '']) => `${address} 53`)
  } catch {
    return []
  }
}
