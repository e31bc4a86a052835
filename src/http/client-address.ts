import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/**
 * Returns a function that finds the client's address. We trust `X-Forwarded-For` only as far as configured proxies
 * wrote it: we read it from the right, and the first address that is not a trusted proxy is the client's. Anything to
 * the left of it may be forged. Without proxies it is the address of the connection.
 */
export function createClientAddress(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  const trusted = new BlockList()
  for (const network of trustedProxies) {
    const { address, bits, family } = parseNetwork(network)
    trusted.addSubnet(address, bits, family)
  }
  const isTrusted = (address: string): boolean => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return (request) => {
    let address = normalize(request.socket.remoteAddress ?? '')
    const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',')
    while (address !== '' && isTrusted(address)) {
      const next = normalize(withoutPort(forwarded.pop()?.trim() ?? ''))
      // If a proxy sends no address, or nonsense, its own address is the last one we know.
      if (next === '') break
      address = next
    }
    return isIP(address) === 6 ? networkOf(address) : address === '' ? 'unknown' : address
  }
}

/** Whether this is an address or a network such as `10.0.0.0/8` or `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const { address, bits, family } = parseNetwork(text)
  return isIP(address) !== 0 && Number.isInteger(bits) && bits >= 0 && bits <= (family === 'ipv6' ? 128 : 32)
}

function parseNetwork(text: string) {
  const [address = '', length, ...rest] = text.split('/')
  const family = isIP(address) === 6 ? ('ipv6' as const) : ('ipv4' as const)
  const all = family === 'ipv6' ? 128 : 32
  const bits =
    rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)) ? Number.NaN : Number(length ?? all)
  return { address, bits, family }
}

/** Some proxies write `[2001:db8::1]:443` and `192.0.2.1:443`. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
}

/** The address without its zone, an IPv4-mapped address as plain IPv4; empty if it is not an address. */
function normalize(text: string): string {
  const [address = ''] = text.split('%')
  if (isIP(address) !== 6) return isIP(address) === 4 ? address : ''
  const groups = groupsOf(address)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (!isMapped) return address
  return [groups[6] ?? 0, groups[7] ?? 0].flatMap((group) => [group >> 8, group & 0xff]).join('.')
}

/** An IPv6 client controls its whole /64, so we use the /64 as its address. */
function networkOf(address: string): string {
  const groups = groupsOf(address).slice(0, 4)
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`
}

/** The eight groups of a valid IPv6 address; the URL parser normalises every spelling (RFC 5952). */
function groupsOf(address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  if (tail === undefined) return parseGroups(head)
  const [left, right] = [parseGroups(head), parseGroups(tail)]
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

function parseGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}
