import type { IncomingMessage } from 'node:http'
import { createClientAddress } from './client-address.ts'

export type ClientOf = (request: IncomingMessage) => { readonly address: string }

/** Who asks, as far as that is known without the database: the credential, or the address of a request without one. */
export function requesterOf(request: IncomingMessage, clientOf: ClientOf): string {
  return request.headers.authorization ?? clientOf(request).address
}

const MAX_AGENT_LENGTH = 200

/** Makes the function that identifies the client of a request. */
export function createClientOf(trustedProxies: readonly string[]) {
  const addressOf = createClientAddress(trustedProxies)
  return (request: IncomingMessage): { address: string; userAgent: string | undefined } => {
    const agent = request.headers['user-agent']?.replace(/[^\x20-\x7E]/g, '?').slice(0, MAX_AGENT_LENGTH)
    return { address: addressOf(request), userAgent: agent }
  }
}
