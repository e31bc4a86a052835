import { beforeAll, describe, expect, test } from 'vitest'
import { canonicalMoment } from '../../src/contract/document/formats.ts'
import { useFixture, useServer } from '../support/fixtures.ts'
import { enrol } from '../support/people.ts'

/** What RFC 3339 allows, and the same moment as PostgreSQL gets it. */
const TAKEN = [
  ['in UTC', '2026-11-25T12:30:00Z', '2026-11-25T12:30:00Z'],
  ['with t and z', '2026-11-25t12:30:00z', '2026-11-25T12:30:00Z'],
  ['with a blank instead of T', '2026-11-25 12:30:00Z', '2026-11-25T12:30:00Z'],
  ["as Python's isoformat", '2026-11-25T12:30:00+00:00', '2026-11-25T12:30:00Z'],
  ['with an unknown offset', '2026-11-25T12:30:00-00:00', '2026-11-25T12:30:00Z'],
  ['east of Greenwich', '2026-11-25T12:30:00+05:45', '2026-11-25T06:45:00Z'],
  ['west of Greenwich', '2026-11-25T12:30:00-11:30', '2026-11-26T00:00:00Z'],
  ['with the largest offsets', '2026-11-25T12:30:00+23:59', '2026-11-24T12:31:00Z'],
  ['with one fractional digit', '2026-11-25T12:30:00.5+01:00', '2026-11-25T11:30:00.5Z'],
  ['with trailing zeros', '2026-11-25T12:30:00.500000Z', '2026-11-25T12:30:00.5Z'],
  ['with a fraction of nothing', '2026-11-25T12:30:00.000Z', '2026-11-25T12:30:00Z'],
  ['with six fractional digits', '2026-11-25T12:30:00.123456Z', '2026-11-25T12:30:00.123456Z'],
  ['with nanoseconds, which are cut off', '2026-11-25T12:30:00.123456789Z', '2026-11-25T12:30:00.123456Z'],
  ['with nines, which are not rounded up', '2026-11-25T23:59:59.9999999Z', '2026-11-25T23:59:59.999999Z'],
  ['with 38 fractional digits', `2026-11-25T12:30:00.${'1'.repeat(38)}+01:00`, '2026-11-25T11:30:00.111111Z'],
  ['on the last day of a leap year', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
  ['on a day that is another one in UTC', '2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00Z'],
  ['at a leap second', '1990-12-31T23:59:60Z', '1991-01-01T00:00:00Z'],
  ['at a leap second elsewhere', '1990-12-31T15:59:60-08:00', '1991-01-01T00:00:00Z'],
  ['within a leap second', '2016-12-31T23:59:60.75Z', '2017-01-01T00:00:00Z'],
  ['in the year 0000', '0000-02-29T00:00:00Z', '0001-01-01T00:00:00Z'],
  ['before the year 0001 in UTC', '0001-01-01T00:00:00+01:00', '0001-01-01T00:00:00Z'],
  ['in the year 0099', '0099-12-31T23:59:59Z', '0099-12-31T23:59:59Z'],
  ['after the year 9999 in UTC', '9999-12-31T23:59:59-01:00', '9999-12-31T23:59:59.999999Z'],
] as const

const REFUSED = [
  ['a day that does not exist', '2026-02-30T00:00:00Z'],
  ['a leap day of another year', '2026-02-29T00:00:00Z'],
  ['a leap day of 1900', '1900-02-29T00:00:00Z'],
  ['the 31st of April', '2026-04-31T00:00:00Z'],
  ['day 0', '2026-11-00T00:00:00Z'],
  ['month 13', '2026-13-01T00:00:00Z'],
  ['month 0', '2026-00-01T00:00:00Z'],
  ['24 hours', '2026-11-25T24:00:00Z'],
  ['60 minutes', '2026-11-25T23:60:00Z'],
  ['second 61', '2026-12-31T23:59:61Z'],
  ['a leap second within a month', '2026-11-25T23:59:60Z'],
  ['a leap second within a day', '2026-12-31T12:00:60Z'],
  ['a leap second that is none in UTC', '2026-12-31T23:59:60+01:00'],
  ['an offset of 24 hours', '2026-11-25T12:30:00+24:00'],
  ['an offset of 60 minutes', '2026-11-25T12:30:00+01:60'],
  ['no offset', '2026-11-25T12:30:00'],
  ['an offset of ISO 8601', '2026-11-25T12:30:00+0100'],
  ['an offset of hours', '2026-11-25T12:30:00+01'],
  ['no seconds', '2026-11-25T12:30Z'],
  ['the basic form of ISO 8601', '20261125T123000Z'],
  ['a comma', '2026-11-25T12:30:00,5Z'],
  ['a dot without digits', '2026-11-25T12:30:00.Z'],
  ['a date alone', '2026-11-25'],
  ['five digits of a year', '12026-11-25T12:30:00Z'],
  ['a sign', '+2026-11-25T12:30:00Z'],
  ['two blanks', '2026-11-25  12:30:00Z'],
  ['an underscore', '2026-11-25_12:30:00Z'],
  ['a blank before it', ' 2026-11-25T12:30:00Z'],
  ['a line end behind it', '2026-11-25T12:30:00Z\n'],
  ['a blank where + was not escaped', '2026-11-25T12:30:00 00:00'],
  ['a minus of typography', '2026-11-25T12:30:00\u221201:00'],
  ['digits of another script', '２０２６-11-25T12:30:00Z'],
  ['a name', 'yesterday-and-before'],
] as const

// Not recorded, because Prism knows no leap second with a fraction.
const server = useServer({ isRecorded: false })
const ann = useFixture(() => enrol(server))
const ask = (moment: string) => ann.ask('GET', `/notes?updated_since=${encodeURIComponent(moment)}`)

describe('a time in a request', () => {
  test.each(TAKEN)('%s is taken: %s', async (_, text, same) => {
    expect(canonicalMoment(text)).toBe(same)
    expect((await ask(text)).status).toBe(200)
  })

  test.each(REFUSED)('with %s is refused: %s', async (_, text) => {
    expect(canonicalMoment(text)).toBeUndefined()
    const refused = await ask(text)
    expect(refused.status).toBe(422)
    const errors = refused.body['errors'] as Record<string, unknown>[]
    expect(errors).toContainEqual(
      expect.objectContaining({ loc: ['query', 'updated_since'], type: 'date_time_parsing' }),
    )
  })
})

describe('updated_since', () => {
  const noteAt = '2026-11-25T12:30:00.123456Z'
  beforeAll(async () => {
    await ann.ask('POST', '/notes', { body: { title: 'A', content: 'B' } })
    await server.db.updateTable('notes').set({ updated_at: noteAt }).execute()
  })

  test.each([
    ['2026-11-25T12:30:00.123456Z', 1],
    ['2026-11-25T13:30:00.123456+01:00', 1],
    ['2026-11-25 04:30:00.1234569-08:00', 1],
    ['2026-11-25T13:30:00.123457+01:00', 0],
    ['2026-11-25T12:30:00.123457z', 0],
    ['0000-01-01T00:00:00Z', 1],
    ['9999-12-31T23:59:59-23:59', 0],
  ])('%s finds what changed at that moment or later', async (moment, count) => {
    expect((await ask(moment)).list).toHaveLength(count)
  })

  test('a cursor goes on with the same moment in another spelling', async () => {
    await ann.ask('POST', '/notes', { body: { title: 'A', content: 'B' } })
    const { headers } = await ann.ask('GET', `/notes?limit=1&updated_since=${noteAt}`)
    const cursor = /cursor=([^&>]+)/.exec(headers.get('link') ?? '')?.[1] ?? ''
    const moment = encodeURIComponent('2026-11-25T13:30:00.123456+01:00')
    const next = await ann.ask('GET', `/notes?limit=1&updated_since=${moment}&cursor=${cursor}`)
    expect([next.status, next.list.length]).toEqual([200, 1])
  })
})
