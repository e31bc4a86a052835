import type { Duplex } from 'node:stream'
import { v7 as uuidv7 } from 'uuid'
import { Problem } from './problem.ts'
import { problemKinds } from './problem-kinds.ts'
import type { AddressOf } from './public-address.ts'
import { replyHeaders } from './security-headers.ts'

/**
 * Replies to what is not HTTP, or arrived too slowly. Node hands us the bare socket, so we write the reply and close
 * it.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex, addressOf: AddressOf): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  answerOnSocket(problemOf(error.code), socket, addressOf)
}

/** Replies to CONNECT, for which Node gives us the bare socket: there is nothing to connect to. */
export function refuseConnect(socket: Duplex, addressOf: AddressOf): void {
  answerOnSocket(
    new Problem('method-not-allowed', 'This server is no proxy.', { headers: { Allow: '' } }),
    socket,
    addressOf,
  )
}

function answerOnSocket(problem: Problem, socket: Duplex, addressOf: AddressOf): void {
  const requestId = uuidv7()
  const body = JSON.stringify(problem.toDocument(requestId, addressOf))
  const head = [
    `HTTP/1.1 ${problem.status} ${problemKinds[problem.slug].title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(problem.headers).map(([name, value]) => `${name}: ${value}`),
    ...replyHeaders.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function problemOf(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers-too-large', 'The request line and headers are too large.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request-timeout', 'The request took too long to arrive.')
    default:
      return new Problem('malformed-request', 'This is not an HTTP/1.1 request.')
  }
}
