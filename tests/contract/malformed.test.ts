import { connect } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { inTime } from '../support/in-time.ts'
import { enrol } from '../support/people.ts'
import { operations } from './harness/document-examples.ts'
import { type Malformed, malformedOf } from './harness/malformed.ts'
import { wellFormed } from './operations.ts'

const LEAST = 5_000
// The judges of all traffic read no request that is not HTTP, and streams are cut off here.
const server = useServer({ isRecorded: false })
const seen = { requests: 0, refused: 0 }

afterAll(() => {
  expect(seen.requests).toBeGreaterThanOrEqual(LEAST)
  expect(seen.refused).toBeGreaterThan(0.75 * LEAST)
})

describe('a request that is wrong in one place gets its problem, and never a failure of the server', () => {
  test.each(operations.map((operation) => [operation.operationId, operation] as const))(
    '%s',
    async (_, operation) => {
      const fresh = async (): Promise<Malformed[]> => {
        const person = await enrol(server)
        const attempt = await wellFormed(operation, server, person)
        return [...malformedOf(operation, attempt, `Bearer ${person.accessToken}`)]
      }
      let requests = await fresh()
      for (let index = 0; index < requests.length; index += 1) {
        const { name = '', bytes = Buffer.alloc(0) } = requests[index] ?? {}
        const { status, type, body } = await inTime(name, exchange(bytes))
        seen.requests += 1
        if (status >= 400) seen.refused += 1
        // What is named is wrong in no way that matters, such as a header that is ignored.
        const isTaken = status < 400
        expect([name, status, isTaken || type]).toEqual([name, expect.toSatisfy(isAnswer), isTaken || PROBLEM])
        if (!isTaken && body !== '')
          expect([name, JSON.parse(body)]).toEqual([name, expect.objectContaining({ status })])
        // It may have changed what the next one needs.
        if (isTaken && operation.method !== 'get') requests = await fresh()
      }
      expect(server.log.filter((line) => (JSON.parse(line) as { level: number }).level >= ERROR)).toEqual([])
    },
    60_000,
  )
})

const PROBLEM = 'application/problem+json'
/** pino's number for the level. */
const ERROR = 50

function isAnswer(status: number): boolean {
  return status >= 200 && status < 500
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
