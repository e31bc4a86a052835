import type { ContractDocument } from '../../../src/contract/document/document.ts'
import { problemKinds } from '../../../src/http/problem-kinds.ts'
import { enumNameViolations } from './compare-enums.ts'
import { lifetimeViolations } from './compare-lifetimes.ts'
import { problemTypeViolations, type ProblemKinds } from './compare-problems.ts'
import { componentNameViolations } from './component-names.ts'
import { digestViolations } from './digests.ts'
import { ruleWordViolations } from './rule-words.ts'

/**
 * Checks a contract whatever was released before: deprecated parts need their dates, values and schemas need names that
 * generated code can use, the server must know each problem type, and patterns need words. Also checks that no released file was edited.
 */
export function standingViolations(
  { root }: Pick<ContractDocument, 'root'>,
  kinds: ProblemKinds = problemKinds,
): string[] {
  return [
    ...digestViolations(),
    ...lifetimeViolations(root),
    ...enumNameViolations(root),
    ...componentNameViolations(root),
    ...problemTypeViolations(root, kinds),
    ...ruleWordViolations(root),
  ]
}
