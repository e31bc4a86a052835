import type { IncomingMessage } from 'node:http'
import { createClientAddress } from './client-address.ts'

const LONGEST_AGENT = 200

/** Makes the function that tells who is at the other end of a request. */
export function createClientOf(trustedProxies: readonly string[]) {
  const addressOf = createClientAddress(trustedProxies)
  return (request: IncomingMessage): { address: string; userAgent: string | undefined } => {
    const agent = request.headers['user-agent']?.replace(/[^\x20-\x7E]/g, '?').slice(0, LONGEST_AGENT)
    return { address: addressOf(request), userAgent: agent }
  }
}
