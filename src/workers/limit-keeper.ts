import { once } from 'node:events'
import { createLocalQuotas } from '../rate-limits/local-quotas.ts'
import { createFairGate, type FairGate, type GateLimits } from '../scheduling/fair-gate.ts'
import type { LimitAnswer, LimitRequest } from './messages.ts'

/** Keeps the limits of a server in its primary: quotas and gates, each for all workers together. */
export interface LimitKeeper {
  /** Answers the requests of one worker with `send`. */
  readonly serve: (send: (answer: LimitAnswer) => void) => WorkerLimits
}

interface WorkerLimits {
  readonly receive: (request: LimitRequest) => void
  /** To be called when the worker is gone: gives back its slots. */
  readonly end: () => void
}

export function createLimitKeeper(): LimitKeeper {
  const quotas = createLocalQuotas()
  /** By name and limits: after an upgrade, new workers may have other limits than old ones. */
  const gates = new Map<string, FairGate>()
  const gateOf = (name: string, limits: GateLimits): FairGate => {
    const id = JSON.stringify([name, limits])
    const known = gates.get(id)
    if (known !== undefined) return known
    const gate = createFairGate({ ...limits, busy: () => new Error('No slot') })
    gates.set(id, gate)
    return gate
  }

  return {
    serve: (send) => {
      /** By ticket: aborted when the worker leaves the queue or the slot. */
      const tickets = new Map<number, AbortController>()
      const admit = async ({ ticket, gate, limits, key, patienceMs }: LimitRequest & { kind: 'enter' }) => {
        const leaving = new AbortController()
        const { signal } = leaving
        tickets.set(ticket, leaving)
        const hold = async (): Promise<void> => {
          send({ kind: 'entered', ticket, isAdmitted: true })
          if (!signal.aborted) await once(signal, 'abort')
        }
        try {
          await gateOf(gate, limits).run(hold, { key, signal, patienceMs })
        } catch {
          if (!signal.aborted) send({ kind: 'entered', ticket, isAdmitted: false })
        } finally {
          tickets.delete(ticket)
        }
      }
      return {
        receive: (request) => {
          if (request.kind === 'enter') void admit(request)
          else if (request.kind === 'leave') tickets.get(request.ticket)?.abort()
          else send({ kind: 'taken', ticket: request.ticket, results: request.requests.map(quotas.take) })
        },
        end: () => {
          for (const leaving of tickets.values()) leaving.abort()
        },
      }
    },
  }
}
