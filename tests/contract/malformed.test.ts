import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { inTime } from '../support/in-time.ts'
import { enrol } from '../support/people.ts'
import type { Operation } from '../../src/contract/document/operations.ts'
import { allRows } from './harness/database-rows.ts'
import { operations } from './harness/document-examples.ts'
import { type Malformed, malformedOf } from './harness/malformed.ts'
import { wellFormed } from './operations.ts'

const LEAST = 5_000
const AT_ONCE = 8
// The judges of all traffic read no request that is not HTTP, and streams are cut off here.
const server = useServer({ isRecorded: false })
const seen = { requests: 0, refused: 0 }

describe('a request that is wrong in one place gets its problem, never a failure of the server, and changes nothing', () => {
  test.each(operations.map((operation) => [operation.operationId, operation] as const))(
    '%s',
    async (_, operation) => {
      const refused: number[] = []
      let requests = await malformed(operation)
      for (let index = 0; index < requests.length; index += 1) {
        const { name, bytes } = at(requests, index)
        const { status, type, body } = await inTime(name, exchange(bytes))
        seen.requests += 1
        // What is named may be wrong in no way that matters, such as a header that is ignored.
        if (status >= 200 && status < 400) {
          // It may have changed what the next one needs.
          if (operation.method !== 'get') requests = await malformed(operation)
          continue
        }
        refused.push(index)
        expect([name, status, type]).toEqual([name, expect.toSatisfy(isRefusal), PROBLEM])
        if (body !== '') expect([name, JSON.parse(body)]).toEqual([name, expect.objectContaining({ status })])
      }
      seen.refused += refused.length
      expect(server.log.filter((line) => (JSON.parse(line) as { level: number }).level >= ERROR)).toEqual([])

      const again = await malformed(operation)
      const before = await keptRows()
      for (let index = 0; index < refused.length; index += AT_ONCE)
        await Promise.all(refused.slice(index, index + AT_ONCE).map((place) => exchange(at(again, place).bytes)))
      expect(await keptRows()).toEqual(before)
    },
    60_000,
  )

  test(`these are at least ${LEAST} requests, most of which are refused`, () => {
    expect(seen.requests).toBeGreaterThanOrEqual(LEAST)
    expect(seen.refused).toBeGreaterThan(0.75 * LEAST)
  })
})

/** The requests for an operation, of a person of their own. */
async function malformed(operation: Operation): Promise<Malformed[]> {
  const person = await enrol(server)
  const attempt = await wellFormed(operation, server, person)
  return [...malformedOf(operation, attempt, `Bearer ${person.accessToken}`)]
}

function at(requests: readonly Malformed[], index: number): Malformed {
  const request = requests[index]
  if (request === undefined) throw new Error(`There is no request ${index}`)
  return request
}

/** All rows but the record of wrong passwords, which belongs to their refusal. */
async function keptRows(): Promise<readonly string[]> {
  const isRecord = /^(?:login_failures |security_events .*,login_failed,)/
  return (await allRows(server.db)).filter((row) => !isRecord.test(row))
}

const PROBLEM = 'application/problem+json'
/** pino's number for the level. */
const ERROR = 50

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500
}

/** The whole reply; of a stream, its head. */
function exchange(bytes: Buffer): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(bytes))
    let text = ''
    const end = (): void => {
      socket.destroy()
      const [head = '', body = ''] = text.split('\r\n\r\n')
      const type = /^content-type: ([^;\r]+)/im.exec(head)?.[1] ?? ''
      resolve({ status: Number(head.slice(9, 12)), type, body })
    }
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += String(chunk)
      if (/^content-type: text\/event-stream/im.test(text)) end()
    })
    socket.on('close', end)
    socket.on('error', reject)
  })
}
