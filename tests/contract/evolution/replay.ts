import { type ContractDocument, type Json } from '../../../src/contract/document/document.ts'
import { readOperations } from '../../../src/contract/document/operations.ts'
import { ask } from '../../support/people.ts'
import { independentCheck } from '../harness/independent-check.ts'
import { fillIn, type Received, type Recording, type Story } from './recording.ts'

/**
 * Sends what a client of released contracts sent, and checks the replies as that client would: by each contract that it
 * was written for. Fields and headers that came later are ignored, as the contract requires of clients.
 */
export function oldClient(...contracts: readonly ContractDocument[]) {
  const versions = contracts.map(({ version }) => version).join(', ')
  const judges = contracts.map(({ root }) => ({
    ...independentCheck(root, { tolerant: true }),
    operations: new Map(readOperations(root).map((operation) => [operation.operationId, operation])),
  }))

  const replayStory = async (server: { readonly url: string }, { operation, steps }: Story): Promise<string[]> => {
    const received: Received[] = []
    for (const [index, step] of steps.entries()) {
      const described = (violation: string): string =>
        `${versions}, story of ${operation}, step ${index} (${step.send}): ${violation}`
      try {
        const violations = await replayStep(server, step, received)
        // Later steps would only repeat it.
        if (violations.length > 0) return violations.map(described)
      } catch (error) {
        return [described(error instanceof Error ? error.message : 'failed')]
      }
    }
    return []
  }

  const replayStep = async (
    server: { readonly url: string },
    step: Story['steps'][number],
    received: Received[],
  ): Promise<string[]> => {
    const [method = '', path = ''] = fillIn(step.send, received).split(' ')
    const headers = Object.fromEntries(
      Object.entries(step.headers).map(([name, value]) => [name, fillIn(value, received)]),
    )
    const body = step.body === undefined ? undefined : fillIn(step.body, received)
    const reply = await ask(server, method, path, { headers, body })
    received.push({ headers: reply.headers, body: reply.text === '' ? undefined : (reply.body as Json) })
    if (reply.status !== step.status)
      return [`${step.status} was the reply, now it is ${reply.status} ${reply.text.slice(0, 500)}`]
    return judges.flatMap(({ operations, answerFaults }) => {
      const operation = operations.get(step.operation)
      if (operation === undefined) throw new Error(`${step.operation} is not in a contract that was recorded`)
      return answerFaults(operation, reply)
    })
  }

  return {
    /** What would break an old client; empty if nothing would. */
    replay: async (server: { readonly url: string }, { stories }: Pick<Recording, 'stories'>): Promise<string[]> => {
      const violations: string[] = []
      // Stories are independent, and spend most of their time on hashing passwords.
      const waiting = stories.values()
      const replayAll = async (): Promise<void> => {
        for (const story of waiting) violations.push(...(await replayStory(server, story)))
      }
      await Promise.all(Array.from({ length: 4 }, replayAll))
      return violations
    },
  }
}
