import { createServer, type RequestListener, type Server } from 'node:http'
import { refuseConnect } from './client-error.ts'
import type { AddressOf } from './public-address.ts'

/** Milliseconds. A client that sends more slowly is disconnected (slow-loris attacks). */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 30_000

/** A server of `node:http` that leaves to us what it would reply to on its own, with neither headers nor a body. */
export function createHttpServer(keepAliveTimeout: number, addressOf: AddressOf, handle: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      connectionsCheckingInterval: 2_000,
      keepAliveTimeout,
      // `normalizeTarget` refuses a request without one.
      requireHostHeader: false,
    },
    handle,
  )
  // An expectation other than `100-continue` may be disregarded (RFC 9110 §10.1.1).
  server.on('checkExpectation', handle)
  server.on('connect', (_, socket) => refuseConnect(socket, addressOf))
  return server
}
