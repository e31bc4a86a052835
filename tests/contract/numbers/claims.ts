import type { OperationId } from '../../../src/contract/types.ts'
import { escapeToken } from '../../../src/contract/document/document.ts'
import { operationCalled } from '../harness/document-examples.ts'
import { type Figure, figuresOf } from './figures.ts'
import type { Lab } from './lab.ts'
import { sentences } from './texts.ts'

/** Holds the server to a figure: it takes the number from the document and looks at the edge on both sides. */
export type Measure = (figure: Figure, lab: Lab) => Promise<unknown>

/** Some words of a text of the contract, with a `#` for each figure in them and its measure. They must be there. */
export interface Claim {
  readonly where: string
  readonly says: string
  readonly measures: readonly Measure[]
}

export function claim(where: string, says: string, ...measures: readonly Measure[]): Claim {
  return { where, says, measures }
}

/** The pointer to the description of an operation. */
export function about(operationId: OperationId): string {
  const { path, method } = operationCalled(operationId)
  return `/paths/${escapeToken(path)}/${method}/description`
}

export const INFO = '/info/description'

export const figures: readonly Figure[] = sentences.flatMap(figuresOf)

/** The figures that a claim is about, in their order; undefined unless its words are there, once, with a figure for each `#`. */
export function figuresIn({ where, says, measures }: Claim): readonly Figure[] | undefined {
  const parts = says.split('#')
  const found = sentences
    .filter((sentence) => sentence.where === where)
    .flatMap((sentence) => {
      const inText = figuresOf(sentence)
      return inText.flatMap((first, index) => {
        const chosen = inText.slice(index, index + parts.length - 1)
        return chosen.length === parts.length - 1 && fits(chosen, parts, first) ? [chosen] : []
      })
    })
  return found.length === 1 && measures.length === parts.length - 1 ? found[0] : undefined
}

/** Whether the words between and around figures are those of the claim. */
function fits(chosen: readonly Figure[], parts: readonly string[], { text }: Figure): boolean {
  return parts.every((part, index) => {
    const [before, after] = [chosen[index - 1], chosen[index]]
    const from = before === undefined ? undefined : before.start + before.figure.length
    if (from === undefined) return text.slice(0, after?.start).endsWith(part)
    return after === undefined ? text.slice(from).startsWith(part) : text.slice(from, after.start) === part
  })
}
