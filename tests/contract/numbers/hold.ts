import { expect, test } from 'vitest'
import { useFixture } from '../../support/fixtures.ts'
import { type Claim, figuresIn, type Measure } from './claims.ts'
import type { Figure } from './figures.ts'
import { openLab } from './lab.ts'

/** A test for each figure of these claims; a figure that stands in several places is measured once. */
export function holdClaims(claims: readonly Claim[]): void {
  const lab = useFixture(openLab, (opened) => opened.close())

  const done = new Map<Measure, Map<string, Promise<unknown>>>()
  const once = (measure: Measure, figure: Figure): Promise<unknown> => {
    const results = done.get(measure) ?? new Map<string, Promise<unknown>>()
    done.set(measure, results)
    const key = `${figure.value} ${figure.unit}`
    const result = results.get(key) ?? measure(figure, lab)
    results.set(key, result)
    return result
  }

  for (const claim of claims) {
    const found = figuresIn(claim)
    for (const [index, measure] of claim.measures.entries()) {
      const figure = found?.[index]
      test(`${claim.where}: ${claim.says}${figure === undefined ? '' : ` (${figure.figure})`}`, async () => {
        if (figure === undefined) expect.fail('The contract does not say this, or says it more than once')
        else await once(measure, figure)
      })
    }
  }
}
