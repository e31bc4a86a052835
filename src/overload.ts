import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import { createRefusalOf } from './contract/request/refusals.ts'
import type { ContractRouter } from './contract/router.ts'
import { type ClientOf, requesterOf } from './http/client.ts'
import { createShedding, type SheddingOptions } from './http/shedding.ts'
import { createSlots } from './http/slots.ts'

interface OverloadDeps extends Pick<SheddingOptions, 'crossOrigin' | 'addressOf'> {
  readonly router: ContractRouter
  readonly clientOf: ClientOf
  /** How long the oldest request for a database connection has waited, in milliseconds. */
  readonly connectionWait: (() => number) | undefined
  readonly log: Logger
}

/** What keeps the server from having too much to do: the requests that it works on, and the refusal of others. */
export function createOverload({ router, clientOf, connectionWait = () => 0, log, ...deps }: OverloadDeps) {
  const slots = createSlots()
  const shedding = createShedding({
    ...deps,
    slots,
    waitedMs: connectionWait,
    requesterOf: (request: IncomingMessage) => requesterOf(request, clientOf),
    refusalOf: createRefusalOf(router),
    onBegin: () => {
      const fields = { under_way: slots.count(), waited_for_database_ms: Math.round(connectionWait()) }
      log.warn(fields, 'there is more to do than can be done; new requests are refused with 503')
    },
    onEnd: ({ count, seconds }) => log.warn({ refused: count, seconds }, 'no request is refused any more'),
  })
  return { slots, ...shedding }
}
