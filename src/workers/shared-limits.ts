import type { TakeUnits } from '../contract/request/rate-limits.ts'
import { createLocalQuotas } from '../rate-limits/local-quotas.ts'
import type { CreateGate, GateOptions, Requester } from '../scheduling/fair-gate.ts'
import type { LimitAnswer, LimitRequest, UnitsRequest } from './messages.ts'

/** Limits that hold for all workers of a server together. */
export interface SharedLimits {
  readonly createGate: CreateGate
  readonly take: TakeUnits
}

interface RemoteLimits extends SharedLimits {
  readonly receive: (answer: LimitAnswer) => void
  /** To be called when the primary is gone: nothing is admitted any more, and units are counted here. */
  readonly close: () => void
}

type Send = (request: LimitRequest) => void

/** The limits as a worker sees them: the primary keeps them, so each use is a message and its answer. */
export function createRemoteLimits(send: Send): RemoteLimits {
  const questions = createQuestions(send)
  const { receive, close } = questions
  return { createGate: createRemoteGates(questions, send), take: createRemoteQuotas(questions), receive, close }
}

interface Questions {
  readonly isClosed: () => boolean
  /** The answer is undefined if the primary is gone, or the signal is aborted before it comes. */
  readonly ask: (
    question: (ticket: number) => LimitRequest,
    signal?: AbortSignal,
  ) => { readonly ticket: number; readonly answer: Promise<LimitAnswer | undefined> }
}

function createQuestions(send: Send): Questions & Pick<RemoteLimits, 'receive' | 'close'> {
  const waiting = new Map<number, (answer: LimitAnswer | undefined) => void>()
  let isClosed = false
  let last = 0
  return {
    isClosed: () => isClosed,
    ask: (question, signal) => {
      const ticket = (last += 1)
      const answer = new Promise<LimitAnswer | undefined>((resolve) => {
        if (isClosed) return resolve(undefined)
        const give = (given: LimitAnswer | undefined): void => {
          waiting.delete(ticket)
          signal?.removeEventListener('abort', leave)
          resolve(given)
        }
        const leave = (): void => give(undefined)
        waiting.set(ticket, give)
        signal?.addEventListener('abort', leave)
        send(question(ticket))
      })
      return { ticket, answer }
    },
    receive: (answer) => waiting.get(answer.ticket)?.(answer),
    close: () => {
      isClosed = true
      for (const give of waiting.values()) give(undefined)
    },
  }
}

function createRemoteGates({ ask, isClosed }: Questions, send: Send): CreateGate {
  /** Resolves with how to leave the gate. */
  const enter = async (gate: string, { busy, ...limits }: GateOptions, requester: Requester): Promise<() => void> => {
    const { key = '', signal, patienceMs = limits.waitMs } = requester
    const reasonToLeave = (): unknown => (signal?.aborted === true ? signal.reason : undefined)
    if (signal?.aborted === true) throw busy(reasonToLeave())
    const { ticket, answer } = ask((id) => ({ kind: 'enter', ticket: id, gate, limits, key, patienceMs }), signal)
    const leave = (): void => {
      if (!isClosed()) send({ kind: 'leave', ticket })
    }
    const given = await answer
    if (given?.kind === 'entered' && given.isAdmitted) return leave
    leave()
    throw busy(reasonToLeave())
  }
  return (name, options) => {
    let [running, waiting] = [0, 0]
    return {
      run: async (work, requester = {}) => {
        waiting += 1
        const leave = await enter(name, options, requester).finally(() => (waiting -= 1))
        running += 1
        try {
          return await work()
        } finally {
          running -= 1
          leave()
        }
      },
      state: () => ({ running, waiting }),
    }
  }
}

function createRemoteQuotas({ ask }: Questions): TakeUnits {
  const own = createLocalQuotas()
  let batch: { readonly request: UnitsRequest; readonly answer: (taken: ReturnType<TakeUnits>) => void }[] = []
  /** One message for all requests of a turn of the event loop. */
  const sendBatch = async (): Promise<void> => {
    const sent = batch
    batch = []
    const requests = sent.map(({ request }) => request)
    const given = await ask((ticket) => ({ kind: 'take', ticket, requests })).answer
    const results = given?.kind === 'taken' ? given.results : []
    sent.forEach(({ request, answer }, index) => answer(results[index] ?? own.take(request)))
  }
  return (request) =>
    new Promise((answer) => {
      batch.push({ request, answer })
      if (batch.length === 1) setImmediate(() => void sendBatch())
    })
}
