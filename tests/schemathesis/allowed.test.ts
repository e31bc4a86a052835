import { expect, test } from 'vitest'
import { document } from '../contract/harness/document-examples.ts'
import { ALLOWED } from './allowed.ts'

const words = (text: string): string => text.replaceAll(/\s+/g, ' ')

/** The texts of the contract, each in one line. */
function* texts(value: unknown): Generator<string> {
  if (typeof value === 'string') yield words(value)
  else if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) yield* texts(member)
}

const all = [...texts(document.root)]

test.each(ALLOWED)('the contract says why a request may be refused: $refusal', ({ says }) => {
  expect(all.filter((text) => text.includes(words(says)))).not.toEqual([])
})
