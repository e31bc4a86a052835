import { describe, expect, test } from 'vitest'
import { acceptsOneOf } from '../../src/http/accept.ts'
import { useServer } from '../support/fixtures.ts'
import { ask } from '../support/people.ts'

const server = useServer()

/** RFC 9110 §12.5.1: what of it takes JSON, and what does not. */
const TAKEN = [
  'application/json',
  '*/*',
  'application/*',
  'APPLICATION/JSON',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'application/json ; charset="utf-8"',
  'application/json; version=1',
  'application/json; q=0.5; version=1',
  'application/json;profile="a, b; q=0"',
  'application/json;profile="a \\" b"',
  'application/json;;q=1',
  'application/json; q=0.001',
  'application/json;q=1.000',
  'application/json;Q=1.',
  'text/html, application/json;q=0.1',
  'text/html;q=0.9,*/*;q=0.1',
  'application/xml;q=0, application/json',
  'text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, */*;q=0.5',
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
  'application/json, application/json;version=1;q=0',
  'application/json;version=1;q=0, */*',
  ', ,application/json, ,',
  '\tapplication/json\t',
  'application/*;q=0, application/json',
  '*/*;q=0, application/json;q=0.2',
]

const REFUSED = [
  'text/html',
  'text/*',
  'application/xml',
  'application/jsonx',
  'application/json-seq',
  'application/merge-patch+json',
  'application/json;q=0',
  'application/json; q=0.0',
  'application/json;q=0.000, text/html',
  'application/json;charset=utf-8;q=0',
  '*/*;q=0',
  'application/*;q=0',
  'application/json;q=0, */*',
  'application/json;q=0, application/*',
  'application/*;q=0, */*',
  'application/json;q=0, application/json;version=1',
]

/** The server may disregard a header that it cannot obey, and does so with these. */
const DISREGARDED = [
  '',
  ' ',
  ',',
  'json',
  '*',
  'application/',
  '/json',
  '*/json',
  'text/html text/plain',
  'text/html;q=2',
  'text/html;q=0.1234',
  'text/html;q=-1',
  'text/html;q=',
  'text/html;q="0"',
  'text/html;level',
  'text/html;a="b',
  'application/json;q=0;q=x',
  'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
]

const statusOf = async (accept: string): Promise<number> =>
  (await ask(server, 'GET', '/health/live', { headers: { Accept: accept } })).status

describe('Accept', () => {
  test.each(TAKEN)('"%s" takes JSON', async (accept) => {
    expect(acceptsOneOf(accept, ['application/json'])).toBe(true)
    expect(await statusOf(accept)).toBe(200)
  })

  test.each(REFUSED)('"%s" does not take JSON', async (accept) => {
    expect(acceptsOneOf(accept, ['application/json'])).toBe(false)
    expect(await statusOf(accept)).toBe(406)
  })

  test.each(DISREGARDED)('"%s" is disregarded', async (accept) => {
    expect(acceptsOneOf(accept, ['application/json'])).toBe(true)
    expect(await statusOf(accept)).toBe(200)
  })

  test('a missing one takes everything', () => {
    expect(acceptsOneOf(undefined, ['application/json'])).toBe(true)
  })

  test('one of several types is enough', () => {
    const types = ['application/problem+json', 'application/json']
    expect(acceptsOneOf('application/json;q=0, application/problem+json', types)).toBe(true)
    expect(acceptsOneOf('application/json;q=0, application/problem+json;q=0, */*', types)).toBe(false)
  })

  test.each([
    ['ranges', 'a/b,'.repeat(4_000)],
    ['commas', ','.repeat(16_000)],
    ['blanks', `a/b${' '.repeat(16_000)}x`],
    ['parameters', `a/b${';a=b'.repeat(4_000)}`],
    ['an open quote', `a/b;c="${'\\'.repeat(16_000)}`],
  ])('16 000 characters of %s are read within 20 ms', (_, header) => {
    const times = Array.from({ length: 5 }, () => {
      const { user } = process.cpuUsage()
      acceptsOneOf(header, ['application/json'])
      return (process.cpuUsage().user - user) / 1_000
    })
    expect(Math.min(...times)).toBeLessThan(20)
  })
})
