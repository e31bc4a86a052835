import { type ContractDocument, type Json } from '../../../src/contract/document/document.ts'
import { readOperations } from '../../../src/contract/document/operations.ts'
import { ask } from '../../support/people.ts'
import { independentCheck } from '../harness/independent-check.ts'
import { fillIn, type Received, type Recording, type Story } from './recording.ts'

/**
 * Sends what a client of released contracts sent, and judges the answers as that client would: by each contract that it was
 * written for, except that fields and headers which came later are ignored, as it was told to.
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
      const told = (fault: string): string =>
        `${versions}, story of ${operation}, step ${index} (${step.send}): ${fault}`
      try {
        const faults = await replayStep(server, step, received)
        // What comes after would only repeat it.
        if (faults.length > 0) return faults.map(told)
      } catch (error) {
        return [told(error instanceof Error ? error.message : 'failed')]
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
    const answer = await ask(server, method, path, { headers, body })
    received.push({ headers: answer.headers, body: answer.text === '' ? undefined : (answer.body as Json) })
    if (answer.status !== step.status)
      return [`${step.status} was the answer, now it is ${answer.status} ${answer.text.slice(0, 500)}`]
    return judges.flatMap(({ operations, answerFaults }) => {
      const operation = operations.get(step.operation)
      if (operation === undefined) throw new Error(`${step.operation} is not in a contract that was recorded`)
      return answerFaults(operation, answer)
    })
  }

  return {
    /** What an old client could not live with; empty when nothing is. */
    replay: async (server: { readonly url: string }, { stories }: Pick<Recording, 'stories'>): Promise<string[]> => {
      const faults: string[] = []
      // Stories know nothing of each other, and most of their time goes into hashing passwords.
      const waiting = stories.values()
      const replayAll = async (): Promise<void> => {
        for (const story of waiting) faults.push(...(await replayStory(server, story)))
      }
      await Promise.all(Array.from({ length: 4 }, replayAll))
      return faults
    },
  }
}
