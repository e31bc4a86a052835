import { isIPv4 } from 'node:net'

/** Something that a process sent, or wanted to connect, to another machine. */
export interface Attempt {
  /** As the kernel calls its thread. */
  readonly program: string
  readonly call: string
  /** Address and port. */
  readonly target: string
}

/**
 * How Chromium learns whether there is a route for IPv6: it connects a datagram socket, which sends nothing. No flag
 * turns that off.
 */
export const ASKED_ABOUT = '2001:4860:4860::8888'

const ADDRESS =
  /sa_family=AF_INET6?, sin6?_port=htons\((\d+)\)(?:, sin6_flowinfo=[^,]+)?, (?:sin_addr=inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")/g

/** The attempts in a line of strace; one that is continued later has its address at its beginning. */
export function attemptsIn(line: string): Attempt[] {
  const [, program = 'unknown', call] = /^\d+(?:<([^>]*)>)?\s+(\w+)\(/.exec(line) ?? []
  if (call === undefined) return []
  return [...line.matchAll(ADDRESS)].flatMap(([, port = '', v4, v6]) => {
    const address = v4 ?? v6 ?? ''
    const shown = v4 === undefined ? `[${address}]` : address
    return isOwn(address) ? [] : [{ program, call, target: `${shown} port ${port}` }]
  })
}

export function isRouteQuestion({ program, call, target }: Attempt): boolean {
  return program === 'Chrome_ChildIOT' && call === 'connect' && target === `[${ASKED_ABOUT}] port 443`
}

/** Loopback, and the unspecified address, which leads to this machine too. */
function isOwn(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  return isIPv4(plain) ? /^(127\.|0\.0\.0\.0$)/.test(plain) : ['::1', '::'].includes(address)
}

/** How often the kernel found no way to another machine, from /proc/net/snmp and /proc/net/snmp6. */
export function withoutRoute(snmp: string): number {
  const [heads = '', values = ''] = snmp.split('\n').filter((line) => line.startsWith('Ip: '))
  const place = heads.split(' ').indexOf('OutNoRoutes')
  const [, v6 = ''] = /^Ip6OutNoRoutes\s+(\d+)/m.exec(snmp) ?? []
  return Number(place === -1 ? 0 : values.split(' ')[place]) + Number(v6)
}
