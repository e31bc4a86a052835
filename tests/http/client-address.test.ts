import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createClientAddress } from '../../src/http/client-address.ts'

/** The client address that a server behind these proxies sees for a connection from `peer`. */
function addressFrom(peer: string | undefined, forwarded?: string, proxies: readonly string[] = []): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  return createClientAddress(proxies)({ socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage)
}

const INSIDE = ['10.0.0.0/8', 'fd00::/8']

test('without configured proxies X-Forwarded-For is ignored', () => {
  expect(addressFrom('192.0.2.1', '198.51.100.7')).toBe('192.0.2.1')
  expect(addressFrom('10.0.0.1', '198.51.100.7')).toBe('10.0.0.1')
})

test('only a configured proxy is trusted', () => {
  expect(addressFrom('192.0.2.1', '198.51.100.7', INSIDE)).toBe('192.0.2.1')
  expect(addressFrom('10.0.0.1', '198.51.100.7', INSIDE)).toBe('198.51.100.7')
  expect(addressFrom('::ffff:10.0.0.1', '198.51.100.7', INSIDE)).toBe('198.51.100.7')
  expect(addressFrom('fd00::1', '198.51.100.7', INSIDE)).toBe('198.51.100.7')
})

test('addresses that the client itself writes into X-Forwarded-For do not count', () => {
  expect(addressFrom('10.0.0.1', '203.0.113.9, 198.51.100.7', INSIDE)).toBe('198.51.100.7')
  expect(addressFrom('10.0.0.1', '10.0.0.5, 198.51.100.7, 10.0.0.2', INSIDE)).toBe('198.51.100.7')
})

test.each(['', 'nonsense', '198.51.100.7, nonsense', '1.2.3.4.5', 'localhost', '198.51.100.7,'])(
  'when a proxy forwards for %j, its own address is the last known one',
  (forwarded) => {
    expect(addressFrom('10.0.0.1', forwarded, INSIDE)).toBe('10.0.0.1')
  },
)

test('a request that passed only trusted proxies comes from the farthest of them', () => {
  expect(addressFrom('10.0.0.1', '10.0.0.3, 10.0.0.2', INSIDE)).toBe('10.0.0.3')
})

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff::', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['192.0.2.1', '192.0.2.1'],
])('%s counts as %s', (peer, expected) => {
  expect(addressFrom(peer)).toBe(expected)
})

test.each([
  ['198.51.100.7:4711', '198.51.100.7'],
  ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
])('proxies that write %s mean %s', (forwarded, expected) => {
  expect(addressFrom('10.0.0.1', forwarded, INSIDE)).toBe(expected)
})

test('a connection that is gone has no address', () => {
  expect(addressFrom(undefined)).toBe('unknown')
})
