import { request as open } from 'node:http'
import type { Answer } from '../../support/people.ts'
import type { Attempt } from '../operations.ts'

/**
 * Sends the head of a request and the first bytes of its body, then only listens: the reply must arrive although the
 * body never ends. fetch cannot do this.
 */
export function sendUnfinished(url: string, attempt: Omit<Attempt, 'body'>, bytes: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, headers } = attempt
    const request = open(`${url}${attempt.path}`, { method, headers: { ...headers }, agent: false })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        request.destroy()
        const text = Buffer.concat(chunks).toString()
        const given = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)])
        resolve({
          status: response.statusCode ?? 0,
          headers: new Headers(given),
          body: JSON.parse(text) as Answer['body'],
          list: [],
          text,
        })
      })
    })
    request.flushHeaders()
    if (bytes > 0) request.write(Buffer.alloc(bytes, ' '))
  })
}

/** Announces a body one byte over the limit by its length, and never sends it. */
export function announceTooMuch(url: string, attempt: Attempt, limit: number): Promise<Answer> {
  return sendUnfinished(url, { ...attempt, headers: { ...attempt.headers, 'Content-Length': String(limit + 1) } }, 0)
}

/** Sends a body one byte over the limit without announcing its length. */
export function streamTooMuch(url: string, attempt: Attempt, limit: number): Promise<Answer> {
  return sendUnfinished(url, { ...attempt, headers: { ...attempt.headers, 'Transfer-Encoding': 'chunked' } }, limit + 1)
}

/** An attempt with other headers, and without those that are undefined. */
export function withHeaders(attempt: Attempt, changes: Readonly<Record<string, string | undefined>>): Attempt {
  const merged = Object.entries({ ...attempt.headers, ...changes })
  return {
    ...attempt,
    headers: Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== undefined)),
  }
}
